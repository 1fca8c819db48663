from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_reference_is_up_to_date() -> None:
    """`docs/cli.md` says what the commands say of themselves."""
    result = subprocess.run(
        [sys.executable, ROOT / "scripts" / "cli_reference.py", "--check"],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
