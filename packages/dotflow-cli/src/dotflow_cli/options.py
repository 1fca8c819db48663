"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from dotflow.model.options import StartOptions

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=click.Command)


def examples(*lines: str) -> Callable[[C], C]:
    """Add examples to the help of a command.

    Args:
        *lines: The examples, as they are typed.
    """

    def add(command: C) -> C:
        # Click keeps the lines of a paragraph that begins with this character.
        block = "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
        command.help = f"{cleandoc(command.help or '')}\n\n{block}"
        return command

    return add


def workflow_option(required: bool = False) -> Callable[[F], F]:
    """Add `--workflow` and `--param`."""

    def add(command: F) -> F:
        command = click.option(
            "--param",
            "params",
            multiple=True,
            metavar="KEY=VALUE",
            help="An argument for the workflow's function; JSON, or else text. Repeatable.",
        )(command)
        return click.option(
            "-w",
            "--workflow",
            required=required,
            metavar="WHERE",
            help="A DotFlow or Pipeline, or a function that returns one: module.name,"
            " module:name or path/to/file.py:name.",
        )(command)

    return add


def step_options(command: F) -> F:
    """Add `--step`, `--callback` and `--initial-context`."""
    for option in (
        click.option(
            "-i",
            "--initial-context",
            metavar="JSON|@FILE|-",
            help="What the step gets: JSON, or else text; @file.json for the content of"
            " a JSON file, - for JSON from standard input.",
        ),
        click.option(
            "-c", "--callback", metavar="WHERE", help="Call this after the step."
        ),
        click.option("-s", "--step", metavar="WHERE", help="Run this one step."),
    ):
        command = option(command)
    return command


def storage_options(command: F) -> F:
    """Add `--storage` and `--path`."""
    for option in (
        click.option(
            "-p",
            "--path",
            metavar="PATH",
            help="The folder of `file` or the file of `sqlite`.",
        ),
        click.option(
            "-o",
            "--storage",
            metavar="NAME|URL",
            help="Where results are kept: default (in memory), file, sqlite, s3, gcs, or"
            " an address such as sqlite:///runs.db.",
        ),
    ):
        command = option(command)
    return command


def history_options(command: F) -> F:
    """Add `--storage` and `--path` for a command that reads the history."""
    for option in (
        click.option("-p", "--path", metavar="PATH", help="The file of `sqlite`."),
        click.option(
            "-o",
            "--storage",
            metavar="NAME|URL",
            help="The storage with the history.  [default: $DOTFLOW_STORAGE, else"
            " .output/dotflow.db]",
        ),
    ):
        command = option(command)
    return command


def run_options(command: F) -> F:
    """Add what says how a workflow runs."""
    for option in (
        json_option(
            "Print the report of the run as JSON; what tasks print goes to"
            " standard error."
        ),
        click.option(
            "--progress",
            type=click.Choice(["auto", "live", "plain", "none"]),
            default="auto",
            show_default=True,
            help="How to tell what runs: live on a terminal, else a line an event.",
        ),
        bounds_options,
        mode_option,
    ):
        command = option(command)
    return command


def split(options: Mapping[str, Any]) -> tuple[StartOptions, dict[str, Any]]:
    """Return what `DotFlow.start` takes of the options of a command, and the others.

    Args:
        options: The options by the names of their parameters.
    """
    from dotflow.model.options import START_DEFAULTS

    start: Any = {name: v for name, v in options.items() if name in START_DEFAULTS}
    return start, {name: v for name, v in options.items() if name not in start}


def bounds_options(command: F) -> F:
    """Add `--keep-going`, `--max-parallel` and `--deadline`."""
    for option in (
        click.option(
            "--deadline",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Cancel the run after this time.",
        ),
        click.option(
            "--max-parallel",
            type=click.IntRange(min=1),
            metavar="N",
            help="The most tasks at once.",
        ),
        click.option(
            "--keep-going",
            is_flag=True,
            help="Run a task although the one before it has failed.",
        ),
    ):
        command = option(command)
    return command


def mode_option(command: F) -> F:
    """Add `--mode`."""
    return click.option(
        "-m",
        "--mode",
        default="sequential",
        show_default=True,
        metavar="MODE",
        help="sequential, sequential_group, background, parallel, threads, async, or an"
        " installed one.",
    )(command)


def json_option(text: str = "Print JSON, for programs.") -> Callable[[F], F]:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help=text)
