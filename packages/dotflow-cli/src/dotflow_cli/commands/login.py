"""`dotflow login`: sign in to a dotflow server."""

from __future__ import annotations

import click

from dotflow_cli.options import examples

_DEFAULT = "https://www.host.dotflow.io/api/v1"


@examples(
    "dotflow login",
    "dotflow login --base-url https://dotflow.example.org/api/v1 --no-browser",
)
@click.command("login")
@click.option(
    "--base-url",
    envvar="SERVER_BASE_URL",
    default=_DEFAULT,
    show_default=True,
    show_envvar=True,
    metavar="URL",
    help="The address of the API.",
)
@click.option("--no-browser", is_flag=True, help="Open no browser.")
def command(base_url: str, no_browser: bool) -> None:
    """Sign in to a dotflow server; runs then report to it.

    It shows a code to confirm in a browser, and keeps the token in
    ~/.dotflow/config.json, readable by you alone.
    """
    from dotflow.base.cloud_file import config_path, save_cloud_config
    from dotflow_cli.device_flow import begin, check_address, wait_for_token
    from dotflow_cli.tables import safe_text

    address = check_address(base_url)
    device = begin(address)
    click.echo(safe_text(f"Open {device.verification_uri}"))
    click.echo(safe_text(f"and confirm the code {device.user_code}"))
    if not no_browser and device.verification_uri.startswith(("https://", "http://")):
        import webbrowser

        webbrowser.open(device.verification_uri)
    token = wait_for_token(address, device)
    try:
        save_cloud_config(token, address)
    except OSError as error:
        raise click.ClickException(
            f"{config_path()} cannot be written: {error.strerror}."
        ) from error
    click.echo("Signed in.")
