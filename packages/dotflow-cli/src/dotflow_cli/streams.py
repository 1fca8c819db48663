"""What goes to standard output: JSON alone where that is asked for, nothing once closed."""

from __future__ import annotations

import os
import select
import sys
from typing import IO, TextIO, TypeGuard

import click

# What a shell reports of a program that SIGPIPE has ended.
CLOSED_PIPE = 141
_JSON = "dotflow_cli.json"
_STDOUT, _STDERR = 1, 2


def keep_for_json(ctx: click.Context, _: click.Parameter, wanted: bool) -> bool:
    """Keep standard output for JSON: whatever else is printed goes to standard error.

    It stays so to the end of the process, since threads and exit handlers of the user's
    print too. Nothing changes where a program has put another stream in its place.

    Args:
        ctx: The context of the command.
        wanted: Whether JSON was asked for.
    """
    if wanted and _JSON not in ctx.meta and _is_ours(sys.stdout, _STDOUT):
        sys.stdout.flush()
        ctx.meta[_JSON] = os.dup(_STDOUT)
        os.dup2(_STDERR, _STDOUT)
    return wanted


def print_json(text: str) -> None:
    """Print JSON where standard output led when the command began."""
    kept: int | None = click.get_current_context().meta.get(_JSON)
    if kept is None:
        click.echo(text)
        return
    left = memoryview(f"{text}\n".encode(sys.stdout.encoding, "backslashreplace"))
    while left:
        left = left[os.write(kept, left) :]


def print_data(value: object) -> None:
    """Print as JSON what consists of what JSON has, dataclasses and moments.

    Args:
        value: It; whatever else is in it is printed as text.
    """
    import json

    print_json(json.dumps(value, default=_plain, indent=2))


def _plain(value: object) -> object:
    from dataclasses import asdict, is_dataclass
    from datetime import datetime

    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def is_closed() -> bool:
    """Say whether nobody reads what is printed, as after `dotflow runs | head`.

    What is still to be written is lost then, without a word.
    """
    streams = ((sys.stdout, _STDOUT), (sys.stderr, _STDERR))
    closed = [
        descriptor for stream, descriptor in streams if _fails(stream, descriptor)
    ]
    for descriptor in closed:
        _let_go(descriptor)
    return bool(closed)


def _fails(stream: IO[str] | None, descriptor: int) -> bool:
    if not _is_ours(stream, descriptor):
        return False
    try:
        stream.flush()
    except OSError:
        return True
    return _has_no_reader(descriptor)


def _let_go(descriptor: int) -> None:
    # Python writes what is left in a stream at its end, and would complain aloud.
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _is_ours(stream: IO[str] | None, descriptor: int) -> TypeGuard[TextIO]:
    try:
        return stream is not None and stream.fileno() == descriptor
    except (OSError, ValueError):  # a stream in memory, or one that is closed
        return False


def _has_no_reader(descriptor: int) -> bool:
    if not hasattr(select, "poll"):
        return False  # on Windows the next write tells
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))
