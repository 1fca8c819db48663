"""What a user sees of an error: a message, or the traceback of their own code."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from dotflow.base.masking import mask
from dotflow.errors import (
    DotflowError,
    ProviderError,
    StorageError,
    WorkflowAlreadyRunning,
)
from dotflow_cli.streams import is_closed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

# Frames that only lead from the command to the user's code.
_LEADING = ("dotflow_cli.", "dotflow.", "click.", "importlib.", "_frozen_importlib")


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn what dotflow refuses into a message without traceback.

    It ends with 2, since the arguments or the workflow are wrong; with 1 where it is
    the storage that failed, or another run that goes on.
    """
    try:
        yield
    except (StorageError, WorkflowAlreadyRunning) as error:
        raise click.ClickException(mask(str(error))) from error
    except (DotflowError, ProviderError) as error:
        raise click.UsageError(mask(str(error))) from error


@contextmanager
def user_code(what: str) -> Iterator[None]:
    """Run code of the user: what it raises is shown as theirs, and the command ends.

    Args:
        what: What it was doing, for the message: `"importing 'shop.flow'"`.
    """
    try:
        yield
    except (DotflowError, click.ClickException, KeyboardInterrupt):
        raise
    except SystemExit as error:
        raise click.ClickException(
            f"The program ended itself while {what}: SystemExit({error.code!r})."
        ) from error
    except BaseException as error:
        if isinstance(error, BrokenPipeError) and is_closed():
            raise  # it printed, and nobody reads that: the command ends quietly
        click.echo(user_traceback(error), err=True, nl=False)
        raise click.ClickException(
            f"{type(error).__name__} while {what}: see above."
        ) from error


def user_traceback(error: BaseException) -> str:
    """Return the traceback from the first frame of the user's code on.

    Args:
        error: What the code raised.
    """
    import traceback

    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        frame = cause.__traceback__
        while frame is not None and _leads(frame.tb_frame):
            frame = frame.tb_next
        # A SyntaxError has no frame of its own: its message tells file and line.
        cause.__traceback__ = frame
        cause = cause.__cause__ or cause.__context__
    return "".join(traceback.format_exception(error))


def unexpected(error: Exception) -> int:
    """Report what no command foresaw, without a traceback unless it is asked for.

    Args:
        error: The error.

    Returns:
        The exit code.
    """
    if os.environ.get("DOTFLOW_TRACEBACK"):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, (OSError, DotflowError)):
        click.echo(f"Error: {error}", err=True)
    else:
        click.echo(
            f"Error: {type(error).__name__}: {error}\nThis may be a defect of dotflow:"
            " with DOTFLOW_TRACEBACK=1 in the environment the traceback is shown.",
            err=True,
        )
    return 1


def _leads(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and f"{name}.".startswith(_LEADING)


def unknown_task(name: str, names: Sequence[str]) -> click.UsageError:
    """Return the error for a task that is not there, which names those that are."""
    from dotflow.base.suggest import hint

    known = ", ".join(names[:20]) or "none"
    return click.UsageError(
        f"There is no task {name!r}.{hint(name, names)} There are: {known}."
    )
