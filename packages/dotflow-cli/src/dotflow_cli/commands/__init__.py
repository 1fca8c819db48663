"""The commands, one module each, imported when they are called."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

# A command's module must define `command`. Listed here rather than searched for, so
# that `dotflow start` imports the module of `start` and no other.
COMMANDS: Final = {
    "cancel": "dotflow_cli.commands.cancel",
    "cloud": "dotflow_cli.commands.cloud",
    "deploy": "dotflow_cli.commands.deploy",
    "destroy": "dotflow_cli.commands.destroy",
    "doctor": "dotflow_cli.commands.doctor",
    "graph": "dotflow_cli.commands.graph",
    "history": "dotflow_cli.commands.history",
    "init": "dotflow_cli.commands.init",
    "login": "dotflow_cli.commands.login",
    "logout": "dotflow_cli.commands.logout",
    "logs": "dotflow_cli.commands.logs",
    "retry": "dotflow_cli.commands.retry",
    "runs": "dotflow_cli.commands.runs",
    "schedule": "dotflow_cli.commands.schedule",
    "schedules": "dotflow_cli.commands.schedules",
    "server": "dotflow_cli.commands.server",
    "show": "dotflow_cli.commands.show",
    "start": "dotflow_cli.commands.start",
    "status": "dotflow_cli.commands.status",
    "storage": "dotflow_cli.commands.storage",
    "ui": "dotflow_cli.commands.ui",
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command by its name.

        Args:
            ctx: The context of the group.
            cmd_name: Name of the command.

        Returns:
            The command, or None if there is none of that name.
        """
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with; suggest one if there is none.

        Args:
            ctx: The context of the group.
            args: The arguments.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            if not close:
                raise
            raise click.UsageError(
                f"No such command {args[0]!r}. Did you mean {close[0]!r}?", ctx
            ) from None
