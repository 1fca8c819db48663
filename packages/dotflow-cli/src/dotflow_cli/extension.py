"""Commands that a further distribution brings, and what stands for them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import click

from dotflow.errors import pip_line


@dataclass(frozen=True)
class Extension:
    """A distribution with commands in its module `cli`.

    Args:
        distribution: Its name.
        extra: The extra of `dotflow` that brings it.
    """

    distribution: str
    extra: str

    @property
    def _package(self) -> str:
        return self.distribution.replace("-", "_")

    def command(self, name: str, absent: click.Command) -> click.Command:
        """Return a command of it, or what stands for that.

        Args:
            name: The name that it has there; it is a click command.
            absent: What to return where the distribution is not installed.
        """
        if find_spec(self._package) is None:
            return absent
        command = getattr(import_module(f"{self._package}.cli"), name, absent)
        assert isinstance(command, click.Command)
        return command

    def placeholder(self, name: str, text: str) -> click.Command:
        """Return a command that says what to install, whatever its arguments are.

        Args:
            name: The name of the command.
            text: Its help.
        """
        install = f"{self.distribution}: {pip_line(self.extra)}"

        def refuse() -> None:
            raise click.UsageError(f"This command needs {install}")

        return click.Command(
            name,
            callback=refuse,
            help=f"{text}\n\nNeeds {install}",
            short_help=text,
            context_settings={"ignore_unknown_options": True},
            params=[
                click.Argument(
                    ["arguments"], nargs=-1, type=click.UNPROCESSED, expose_value=False
                )
            ],
        )


DEPLOY = Extension("dotflow-deploy", "deploy")
UI = Extension("dotflow-server", "ui")
SERVER = Extension("dotflow-server", "server")
