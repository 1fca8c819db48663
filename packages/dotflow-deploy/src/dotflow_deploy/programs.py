"""Programs that a deployment runs, their output shown as it comes and without secrets."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_USERINFO = re.compile(r"(?<=://)[^\s/]+@")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HIDDEN: Final = "***"
# What is shorter hides nothing, and would be found in any text.
_SHORTEST: Final = 4


def redacted(text: str, secrets: Sequence[str] = ()) -> str:
    """Return a text without passwords.

    Args:
        text: What a program wrote. What stands before the host of a URL is hidden.
        secrets: What is hidden wherever it occurs.
    """
    hidden = [secret for secret in secrets if len(secret) >= _SHORTEST]
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return _USERINFO.sub(f"{_HIDDEN}@", text)


def follow(
    command: Sequence[str | Path],
    echo: Callable[[str], None],
    *,
    text: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
) -> tuple[int, list[str]]:
    """Run a program and show its lines as they come, those about errors too.

    Args:
        command: The program and its arguments, of which none is a secret: every user
            of a machine sees the command lines of all.
        echo: Takes each line that is not empty.
        text: What it reads from its standard input. Default: nothing.
        cwd: The folder that it runs in.
        env: Its environment. Default: that of this process.
        secrets: What is hidden in its lines.

    Returns:
        Its exit code, and its lines.

    Raises:
        OSError: There is no such program.
    """
    lines = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=cwd,
        env=env,
    ) as process:
        if process.stdin is not None and text is not None:
            # A program that ends without reading has its reason in what it writes.
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(text)
        assert process.stdout is not None
        for line in process.stdout:
            shown = redacted(_ANSI.sub("", line).rstrip(), secrets)
            if shown:
                lines.append(shown)
                echo(shown)
    return process.returncode, lines


def ask(
    command: Sequence[str | Path],
    *,
    text: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program for its answer, which is not shown.

    Args:
        command: The program and its arguments, of which none is a secret.
        text: What it reads from its standard input. Default: nothing.
        cwd: The folder that it runs in.
        env: Its environment. Default: that of this process.

    Raises:
        OSError: There is no such program.
    """
    return subprocess.run(
        command,
        input="" if text is None else text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=cwd,
        env=env,
        check=False,
    )
