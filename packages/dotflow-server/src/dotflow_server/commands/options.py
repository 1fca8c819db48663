"""What the commands below `dotflow server` have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from dotflow_cli.moments import read_moment

F = TypeVar("F", bound=Callable[..., Any])

DATABASE = "dotflow-server.db"
_DAY = 86400.0


def database_option(command: F) -> F:
    """Add `--database`."""
    return click.option(
        "--database",
        metavar="FILE|URL",
        envvar="DOTFLOW_SERVER_DATABASE",
        help="The server's own store: a SQLite file, or the address of a PostgreSQL"
        f" database.  [default: $DOTFLOW_SERVER_DATABASE, else {DATABASE}]",
    )(command)


def database_of(given: str | None) -> str:
    """Return the store that the options name, before the word or behind it.

    Args:
        given: What stands behind it.
    """
    found: Any = given or click.get_current_context().find_object(str)
    return found or DATABASE


def port_option(default: int) -> Callable[[F], F]:
    """Add `--port`."""
    return click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=default,
        show_default=True,
        help="Where to listen; 0 for a free port.",
    )


def retention_days(text: str) -> float:
    """Return after how many days runs are forgotten.

    Raises:
        UsageError: It is no time.
    """
    age = datetime.now(UTC) - read_moment(text, "--retention")
    if age.total_seconds() <= 0:
        raise click.UsageError(f"--retention {text!r}: give a time such as 90d.")
    return round(age.total_seconds() / _DAY, 4)
