"""`dotflow server token`: who may report, look, operate and administer."""

from __future__ import annotations

import click

from dotflow_cli.errors import usage_errors
from dotflow_cli.options import json_option
from dotflow_server.commands.options import database_of, database_option
from dotflow_server.scopes import SCOPES


@click.group("token")
def command() -> None:
    """Make, list and revoke the tokens of a server."""


@command.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What it is for. Repeatable.",
)
@click.option(
    "--expires",
    type=click.FloatRange(min=0, min_open=True),
    metavar="DAYS",
    help="After how many days it ends.  [default: never]",
)
@database_option
def create(
    name: str, scopes: tuple[str, ...], expires: float | None, database: str | None
) -> None:
    """Make a token, and print it: nobody can read it again."""
    from dotflow_server.places import server_storage
    from dotflow_server.tokens import Tokens

    with usage_errors():
        tokens = Tokens(server_storage(database_of(database)))
        token, text = tokens.create(name, scopes, expires)
    click.echo(f"Token {token.id} for {', '.join(token.scopes)}:", err=True)
    click.echo(text)


@command.command("list")
@database_option
@json_option()
def list_command(database: str | None, as_json: bool) -> None:
    """List the tokens, without their texts."""
    from dotflow_server.places import server_storage
    from dotflow_server.tokens import Tokens

    with usage_errors():
        found = Tokens(server_storage(database_of(database))).all()
    if as_json:
        from dotflow_cli.streams import print_data

        print_data([token.row() for token in found])
        return
    from dotflow_cli.tables import print_table, when

    rows = []
    for token in found:
        row = token.row()
        state = "revoked" if row["revoked"] else "good" if token.good else "expired"
        used, ends = row["last_used"], row["expires"]
        rows.append(
            [
                token.id,
                token.name,
                " ".join(token.scopes),
                state,
                when(used) if used else "never",
                when(ends) if ends else "",
            ]
        )
    print_table(["Id", "Name", "Scopes", "State", "Used", "Ends"], rows)


@command.command("revoke")
@click.argument("token_id", metavar="ID")
@database_option
def revoke(token_id: str, database: str | None) -> None:
    """End a token, and the sessions that were opened with it."""
    from dotflow_server.places import server_storage
    from dotflow_server.tokens import Tokens

    with usage_errors():
        there = Tokens(server_storage(database_of(database))).revoke(token_id)
    if not there:
        raise click.ClickException(f"There is no token {token_id!r}.")
    click.echo(f"Revoked {token_id}.", err=True)
