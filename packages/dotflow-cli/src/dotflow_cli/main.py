"""Where the `dotflow` command begins."""

from __future__ import annotations

import click

from dotflow.__about__ import __version__
from dotflow_cli.commands import LazyGroup


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.version_option(
    __version__, "-v", "--version", prog_name="dotflow", message="%(prog)s==%(version)s"
)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run pipelines of Python functions that resume where they were."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command with the arguments of the process."""
    cli(prog_name="dotflow")


if __name__ == "__main__":
    main()
