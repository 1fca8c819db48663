"""`dotflow doctor`: what is installed, and whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dotflow_cli.options import examples, json_option, storage_options

if TYPE_CHECKING:
    from collections.abc import Mapping


@examples(
    "dotflow doctor",
    "dotflow doctor --storage sqlite:///runs.db --json",
)
@click.command("doctor")
@storage_options
@json_option()
def command(storage: str | None, path: str | None, as_json: bool) -> int:
    """Show what is installed and whether it works.

    It ends with 1 where files of dotflow are missing, a provider does not load or the
    storage does not answer.
    Settings are named, their values are never shown.
    """
    from dotflow_cli.checkup import examine

    found = examine(storage, path)
    if as_json:
        from dotflow_cli.streams import print_data

        print_data(found)
    else:
        _print(found)
    return 0 if found["healthy"] else 1


def _print(found: Mapping[str, Any]) -> None:
    from dotflow_cli.tables import print_table, safe_text

    click.echo(f"Python {found['python']} on {found['platform']}")
    click.echo(safe_text(found["executable"]))
    click.echo()
    rows = [
        [name, number or "not installed", found["missing"].get(name, "")]
        for name, number in found["distributions"].items()
    ]
    print_table(["Distribution", "Version", "To install"], rows)
    for name, repair in found["removed"].items():
        click.echo(
            f"Files of {name} are missing, as after an upgrade from dotflow 1.x with pip"
            f" (docs/migrating-from-dotflow-1.md). To put them back:\n  {repair}"
        )
    click.echo()
    providers = found["providers"]
    click.echo(f"Providers: {', '.join(providers)}")
    for name, problem in providers.items():
        if problem is not None:
            click.echo(safe_text(f"  {name} does not load: {problem}"))
    click.echo(f"Modes: {', '.join(found['modes'])}")
    click.echo(f"Environment: {', '.join(found['environment']) or 'nothing set'}")
    click.echo(f"Signed in: {'yes' if found['signed_in'] else 'no'}")
    click.echo(safe_text(f"Storage: {_storage(found['storage'])}"))


def _storage(state: Mapping[str, Any]) -> str:
    if state["problem"] is not None:
        return f"does not work: {state['problem']}"
    if state["kind"] is None:
        return "no database yet"
    history = "with" if state["history"] else "without"
    codec = ""
    if state["codec"] is not None:
        codec = f', codec="{state["codec"]}"'
    if state["codec"] == "pickle":
        codec += ' (whoever may write to it runs code in its readers; "json" does not)'
    return f"{state['kind']} answers, {history} history of runs{codec}"
