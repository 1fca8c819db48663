"""Where the `dotflow` command begins, and where every error of it ends."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import click

from dotflow.__about__ import __version__
from dotflow_cli.commands import LazyGroup
from dotflow_cli.options import examples
from dotflow_cli.streams import CLOSED_PIPE, is_closed

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
_BY_SIGNAL = (INTERRUPTED, 143)


@examples(
    "dotflow init shop                      a project to start from",
    "dotflow start -w shop.workflow:build   run it",
    "dotflow runs                           what ran, and how it ended",
)
@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
@click.version_option(
    __version__, "-v", "--version", prog_name="dotflow", message="%(prog)s==%(version)s"
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run pipelines of Python functions that resume where they were."""
    if os.environ.get("NO_COLOR"):  # https://no-color.org
        ctx.color = False
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command with the arguments of the process, and end the process."""
    for stream in (sys.stdout, sys.stderr):
        # A name may hold what the terminal's encoding has no form for. By lines also where
        # a file or a pipe reads: what tasks print comes in its place among what is told.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    try:
        code = run()
    except (BrokenPipeError, SystemExit):  # click ends the program when it cannot print
        code = CLOSED_PIPE
    if is_closed():
        code = CLOSED_PIPE
    elif code in _BY_SIGNAL:
        from dotflow_cli.stopping import end_at_signals, leave

        end_at_signals(code)
        if any(not thread.daemon for thread in threading.enumerate()[1:]):
            leave(code)  # Python would wait for a thread of the user's own
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command, tell every error of it, and return its exit code.

    Args:
        arguments: What follows `dotflow`; default: those of the process.
    """
    # Not click's own standalone mode: there an interruption ends with 1.
    try:
        result = cli.main(arguments, "dotflow", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return CLOSED_PIPE
    except Exception as error:  # noqa: BLE001 - a bug, or what no command foresaw
        from dotflow_cli.errors import unexpected

        return unexpected(error)
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
