"""The commands, one folder each, imported when they are called."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

# A command's module must define `command`. Listed here rather than searched for, so
# that `dotflow start` imports the module of `start` and no other.
COMMANDS: Final = {
    "start": "dotflow_cli.commands.start",
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
