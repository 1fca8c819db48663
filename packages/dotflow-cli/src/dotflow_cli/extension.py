"""Commands that the distribution `dotflow-deploy` brings, and what stands for them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import click

_PACKAGE = "dotflow_deploy"
_PIP = 'pip install "dotflow[deploy]"'


def from_deploy(name: str, absent: click.Command) -> click.Command:
    """Return a command of `dotflow_deploy.cli`, or what stands for it.

    Args:
        name: The name that it has there; it is a click command.
        absent: What to return where the distribution is not installed.
    """
    if find_spec(_PACKAGE) is None:
        return absent
    command = getattr(import_module(f"{_PACKAGE}.cli"), name, absent)
    assert isinstance(command, click.Command)
    return command


def placeholder(name: str, text: str) -> click.Command:
    """Return a command that says what to install, whatever its arguments are.

    Args:
        name: The name of the command.
        text: Its help.
    """

    def refuse() -> None:
        raise click.UsageError(f"This command needs dotflow-deploy: {_PIP}")

    return click.Command(
        name,
        callback=refuse,
        help=f"{text}\n\nNeeds dotflow-deploy: {_PIP}",
        short_help=text,
        context_settings={"ignore_unknown_options": True},
        params=[
            click.Argument(
                ["arguments"], nargs=-1, type=click.UNPROCESSED, expose_value=False
            )
        ],
    )
