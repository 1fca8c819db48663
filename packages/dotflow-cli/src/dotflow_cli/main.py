"""Where the `dotflow` command begins, and where every error of it ends."""

from __future__ import annotations

import os
import sys

import click

from dotflow.__about__ import __version__
from dotflow_cli.commands import LazyGroup
from dotflow_cli.options import examples

INTERRUPTED = 130


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
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command with the arguments of the process, and end the process."""
    for stream in (sys.stdout, sys.stderr):
        # A name may hold what the terminal's encoding has no form for.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = _run()
    try:
        sys.stdout.flush()
    except OSError:
        # Whoever read it is gone, as in `dotflow runs | head`: Python must not try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


def _run() -> int:
    # Not click's own standalone mode: there an interruption ends with 1.
    try:
        result = cli.main(prog_name="dotflow", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return 1
    except Exception as error:  # noqa: BLE001 - a bug, or what no command foresaw
        from dotflow_cli.errors import unexpected

        return unexpected(error)
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
