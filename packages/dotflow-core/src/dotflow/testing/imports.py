"""What a program makes Python import, to test that a package stays light."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

_TELLING = """
import sys
_before = set(sys.modules)
{}
print()
print(*set(sys.modules) - _before)
"""


def imported_by(program: str, folder: str | os.PathLike[str] | None = None) -> set[str]:
    """Return the modules that a new Python imports while it runs a program.

    What Python has loaded before the program begins is not among them: some
    distributions bring modules as soon as Python starts.

    Args:
        program: Its source.
        folder: Where it runs. Default: here.

    Raises:
        AssertionError: The program has failed.
    """
    command = [sys.executable, "-c", _TELLING.format(program)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())
