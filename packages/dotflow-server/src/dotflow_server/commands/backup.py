"""`dotflow server backup`: a copy of the store while the server goes on."""

from __future__ import annotations

from pathlib import Path

import click

from dotflow_server.commands.options import database_of, database_option


@click.command("backup")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@database_option
def command(target: Path, database: str | None) -> None:
    """Copy the store to TARGET, also while a server uses it.

    The copy is whole as of one moment. PostgreSQL has pg_dump for that.
    """
    import sqlite3
    from contextlib import closing

    from dotflow_server.places import store_address

    address = store_address(database_of(database)) or ""
    source = Path(address.removeprefix("sqlite:").removeprefix("//"))
    if not address.startswith("sqlite:"):
        raise click.UsageError(
            "Only a SQLite store is copied by this command: use pg_dump for PostgreSQL."
        )
    if not source.is_file():
        raise click.ClickException(f"There is no store {str(source)!r}.")
    if target.exists():
        raise click.ClickException(f"{str(target)!r} is there already.")
    with (
        closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
        ) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        target.chmod(0o600)  # it holds the hashes of tokens, and what runs have told
        old.backup(new)
    click.echo(f"Copied {source} to {target}.", err=True)
