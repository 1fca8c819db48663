"""`dotflow init`: a project to start from."""

from __future__ import annotations

import click

from dotflow_cli.options import examples


@examples(
    "dotflow init my-shop",
    "dotflow init my-shop --storage file --docker --defaults",
)
@click.command("init")
@click.argument("name", required=False)
@click.option(
    "--folder",
    type=click.Path(file_okay=False),
    help="Where to write it.  [default: NAME]",
)
@click.option(
    "--storage",
    type=click.Choice(["memory", "file", "sqlite"]),
    help="Where it keeps results.  [default: sqlite]",
)
@click.option(
    "--mode",
    type=click.Choice(["sequential", "background", "parallel", "threads"]),
    help="How its README runs it.  [default: sequential]",
)
@click.option(
    "--retry",
    type=click.IntRange(1, 100),
    help="How often its second step is tried.  [default: 1]",
)
@click.option("--cron", metavar="EXPRESSION", help="Run it on this schedule.")
@click.option("--docker/--no-docker", default=None, help="Whether it has a Dockerfile.")
@click.option("-y", "--defaults", is_flag=True, help="Ask nothing.")
def command(
    name: str | None,
    folder: str | None,
    storage: str | None,
    mode: str | None,
    retry: int | None,
    cron: str | None,
    docker: bool | None,
    defaults: bool,
) -> None:
    """Make a project that works at once.

    It has a workflow, its tests and a README. What was not given is asked for in a
    terminal, and has its default elsewhere. It writes into no folder that has something
    in it but .git, and needs no network.
    """
    import sys
    from pathlib import Path

    from dotflow_cli.scaffold.project import (
        MODES,
        STORAGES,
        Settings,
        check_name,
        files_of,
        write,
    )

    asks = not defaults and sys.stdin.isatty() and sys.stdout.isatty()
    if name is None:
        if not asks:
            raise click.UsageError("Give the project a NAME: dotflow init my-shop.")
        name = click.prompt("Name of the project", default="my-workflow")
    check_name(str(name))
    if cron is not None:
        _check_cron(cron)
    if asks:
        if storage is None:
            storage = _choose("Where to keep results", list(STORAGES), "sqlite")
        if mode is None:
            mode = _choose("How to run it", list(MODES), "sequential")
        if docker is None:
            docker = click.confirm("A Dockerfile", default=False)
    settings = Settings(
        str(name),
        storage or "sqlite",
        mode or "sequential",
        retry or 1,
        cron or "",
        bool(docker),
    )
    target = Path(folder or str(name))
    write(target, files_of(settings))
    where = f"{settings.module}.workflow:build"
    click.echo(f"Project created! Next:\n  cd {target}\n  dotflow start -w {where}")


def _choose(question: str, choices: list[str], default: str) -> str:
    chosen: str = click.prompt(
        question, type=click.Choice(choices), default=default, show_choices=True
    )
    return chosen


def _check_cron(cron: str) -> None:
    """Refuse what is no cron expression, as far as that is known without croniter."""
    fields = cron.split()
    if (
        not 5 <= len(fields) <= 7
        or not cron.isprintable()
        or set(cron) & set("\"'`$\\")
    ):
        raise click.UsageError(f"--cron {cron!r}: give five fields, as in '0 6 * * *'.")
