"""The commands `dotflow ui` and `dotflow server`."""

from __future__ import annotations

import click

from dotflow_cli.errors import usage_errors
from dotflow_cli.options import examples
from dotflow_server.commands.backup import command as backup
from dotflow_server.commands.deployment import container, systemd
from dotflow_server.commands.options import (
    database_of,
    database_option,
    port_option,
    retention_days,
)
from dotflow_server.commands.token import command as token

UI_PORT = 4300
SERVER_PORT = 4310


@examples(
    "dotflow ui",
    "dotflow ui runs.db",
    "dotflow ui postgresql://localhost/flows --no-open",
)
@click.command("ui")
@click.argument("store", required=False)
@port_option(UI_PORT)
@click.option("--no-open", is_flag=True, help="Open no browser.")
def ui(store: str | None, port: int, no_open: bool) -> None:
    """Open the dashboard on a store, for whoever sits at this machine.

    STORE is a SQLite file, a folder of StorageFile or the address of a database; by
    default $DOTFLOW_STORAGE, else the storage of dotflow.toml, else .output/dotflow.db.
    To look changes nothing in it. The page is reached from this machine alone, by the
    address that is printed: it holds a secret that works once.
    """
    from dotflow_server.local import open_dashboard

    with usage_errors():
        open_dashboard(store, port, not no_open)


@examples(
    "dotflow server --database team.db",
    "dotflow server --host 0.0.0.0 --database postgresql://db/flows --retention 90d",
    "dotflow server token create runners --scope ingest",
)
@click.group("server", invoke_without_command=True)
@database_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; another than this machine's own takes a token.",
)
@port_option(SERVER_PORT)
@click.option(
    "--retention",
    metavar="TIME",
    help="Forget runs that are older: 90d, 12w.  [default: keep all]",
)
@click.option(
    "--allow-host",
    "allowed",
    multiple=True,
    metavar="NAME",
    help="A name by which browsers may call the server. Repeatable.",
)
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="Believe the headers of a proxy on this machine.",
)
@click.option(
    "--no-auth",
    is_flag=True,
    help="Ask nobody for a token; on this machine's own address alone.",
)
@click.pass_context
def server(
    ctx: click.Context,
    database: str | None,
    host: str,
    port: int,
    retention: str | None,
    allowed: tuple[str, ...],
    behind_proxy: bool,
    no_auth: bool,
) -> None:
    """Serve the dashboard to a team, and take the runs of other machines.

    Runners report with `ServerDefault`, by a token with the scope ingest; whoever looks
    signs in with a token with the scope read, operate or admin.
    """
    ctx.obj = database
    if ctx.invoked_subcommand is not None:
        return
    from dotflow_server.team import Listening, serve_team

    with usage_errors():
        serve_team(
            database_of(None),
            Listening(host, port, allowed, behind_proxy, no_auth),
            None if retention is None else retention_days(retention),
        )


for command in (token, backup, systemd, container):
    server.add_command(command)
