"""`dotflow logout`: forget the token that `dotflow login` saved."""

from __future__ import annotations

import click


@click.command("logout")
def command() -> None:
    """Forget the token that `dotflow login` saved."""
    from dotflow.base.cloud_file import clear_cloud_config, config_path

    try:
        found = clear_cloud_config()
    except OSError as error:
        raise click.ClickException(
            f"{config_path()} cannot be removed: {error.strerror}."
        ) from error
    click.echo("Signed out." if found else "No saved credentials.")
