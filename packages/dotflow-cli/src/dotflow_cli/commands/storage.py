"""`dotflow storage`: the checkpoints in a storage, one by one."""

from __future__ import annotations

import click

from dotflow_cli.options import examples, json_option, limit_option, storage_options


@examples(
    "dotflow storage list --storage sqlite:///runs.db nightly-",
    "dotflow storage show --storage sqlite:///runs.db nightly-extract",
    "dotflow storage delete --storage sqlite:///runs.db nightly-extract",
)
@click.group("storage")
def command() -> None:
    """List, show and delete what a storage keeps.

    Nothing is unpickled unless it is asked for. By default the storage is that of the
    environment variable DOTFLOW_STORAGE, else that of dotflow.toml, else the database
    .output/dotflow.db.
    """


@examples("dotflow storage list nightly-", "dotflow storage list --json | jq")
@command.command("list")
@click.argument("prefix", default="")
@storage_options
@limit_option(100)
@json_option()
def list_command(
    prefix: str, storage: str | None, path: str | None, limit: int, as_json: bool
) -> None:
    """List the keys that begin with PREFIX, in their order.

    A task's key is <workflow id>-<task>, with a suffix in some storages.
    """
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.records import keys_of, read_record
    from dotflow_cli.storages import readable_storage
    from dotflow_cli.streams import print_data
    from dotflow_cli.tables import print_table

    with usage_errors():
        found = readable_storage(storage, path, "storage")
        keys = keys_of(found, prefix)
        records = [read_record(found, key) for key in keys[:limit]]
    if as_json:
        print_data([one.facts() for one in records if one])
    elif records:
        headings = ["Key", "Workflow", "Run", "Stored", "Value", "Bytes"]
        print_table(headings, [one.row() for one in records if one])
    else:
        click.echo("No such keys.", err=True)
    if len(keys) > limit:
        click.echo(f"{len(keys) - limit} more: give --limit.", err=True)


@examples(
    "dotflow storage show nightly-extract",
    "dotflow storage show nightly-extract --value",
)
@command.command("show")
@click.argument("key")
@storage_options
@click.option(
    "--value",
    "with_value",
    is_flag=True,
    help="Read the value, and print its Python form. A pickle runs code of whoever"
    " wrote it.",
)
@json_option()
def show_command(
    key: str, storage: str | None, path: str | None, with_value: bool, as_json: bool
) -> None:
    """Show what is stored under KEY, as it is stored."""
    from dotflow_cli.errors import usage_errors, user_code
    from dotflow_cli.records import require_record
    from dotflow_cli.storages import readable_storage
    from dotflow_cli.streams import print_data
    from dotflow_cli.tables import safe_text

    with usage_errors():
        found = readable_storage(storage, path, "storage")
        record = require_record(found, key)
        facts = record.facts()
        if with_value:
            value = found.get(record.key).storage
            with user_code("describing the value"):
                facts["repr"] = repr(value)
    if as_json:
        print_data({**facts, "value": record.value})
        return
    for name, fact in facts.items():
        if fact is not None:
            click.echo(safe_text(f"{name:<9} {fact}"))
    if not with_value:
        click.echo(safe_text(f"{'value':<9} {record.shown()}"))


@examples(
    "dotflow storage delete nightly-extract", "dotflow retry nightly -w shop:flow"
)
@command.command("delete")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@storage_options
@json_option()
def delete_command(
    keys: tuple[str, ...], storage: str | None, path: str | None, as_json: bool
) -> None:
    """Delete what is stored under each KEY, also what cannot be read.

    A resume then runs the task again, and all that follows it. With the key of a mapped
    task go those of its items.
    """
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.records import delete_record
    from dotflow_cli.storages import durable_storage
    from dotflow_cli.streams import print_data

    with usage_errors():
        found = durable_storage(storage, path, "storage")
        deleted = {key: delete_record(found, key) for key in keys}
    if as_json:
        print_data(deleted)
    else:
        for key, count in deleted.items():
            more = "" if count == 1 else f" ({count} keys, with those of items)"
            click.echo(f"Deleted {key}{more}.", err=True)
