"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dotflow_cli.streams import keep_for_json

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


def together(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Return what adds several options to a command.

    Args:
        *options: The options, in the order in which its help lists them.
    """

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def workflow_option(required: bool = False) -> Callable[[F], F]:
    """Add `--workflow` and `--param`."""
    return together(
        click.option(
            "-w",
            "--workflow",
            required=required,
            metavar="WHERE",
            help="A DotFlow or Pipeline, or a function that returns one: module.name,"
            " module:name or path/to/file.py:name.",
        ),
        click.option(
            "--param",
            "params",
            multiple=True,
            metavar="KEY=VALUE",
            help="An argument for the workflow's function; JSON, or else text. Repeatable.",
        ),
    )


step_options = together(
    click.option("-s", "--step", metavar="WHERE", help="Run this one step."),
    click.option("-c", "--callback", metavar="WHERE", help="Call this after the step."),
    click.option(
        "-i",
        "--initial-context",
        metavar="JSON|@FILE|-",
        help="What the step gets: JSON, or else text; @file.json for the content of"
        " a JSON file, - for JSON from standard input.",
    ),
)
"""Adds `--step`, `--callback` and `--initial-context`."""


def _kept(storage: str, path: str) -> Callable[[F], F]:
    """Add `--storage` and `--path`, with what each of them says."""
    return together(
        click.option("-o", "--storage", metavar="NAME|URL", help=storage),
        click.option("-p", "--path", metavar="PATH", help=path),
    )


def storage_options(command: F) -> F:
    """Add `--storage` and `--path`."""
    return _kept(
        "Where results are kept: default (in memory), file, sqlite, s3, gcs, or an address"
        " such as sqlite:///runs.db.",
        "The folder of `file` or the file of `sqlite`, also of a storage that the workflow"
        " has itself.",
    )(command)


def history_options(command: F) -> F:
    """Add `--storage` and `--path` for a command that reads the history."""
    return _kept(
        "The storage with the history.  [default: $DOTFLOW_STORAGE, else that of"
        " dotflow.toml, else .output/dotflow.db]",
        "The folder of `file` or the file of `sqlite`.",
    )(command)


def tag_option(command: F) -> F:
    """Add `--tag`."""
    return click.option(
        "--tag",
        "tags",
        multiple=True,
        metavar="WORD",
        help="Mark the run in the history. Repeatable.",
    )(command)


def split(options: Mapping[str, Any]) -> tuple[StartOptions, dict[str, Any]]:
    """Return what `DotFlow.start` takes of the options of a command, and the others.

    Args:
        options: The options by the names of their parameters.
    """
    from dotflow.model.options import START_DEFAULTS

    # The progress of a command is more than whether there is one.
    names = START_DEFAULTS.keys() - {"progress"}
    start: Any = {name: v for name, v in options.items() if name in names}
    return start, {name: v for name, v in options.items() if name not in start}


def given_options(but: Collection[str]) -> list[str]:
    """Return the options that the user has written, as `--storage`.

    Args:
        but: The parameters that do not count.
    """
    from click.core import ParameterSource

    ctx = click.get_current_context()
    return [
        parameter.opts[-1]
        for parameter in ctx.command.params
        if parameter.name is not None
        and parameter.name not in but
        and ctx.get_parameter_source(parameter.name) == ParameterSource.COMMANDLINE
    ]


def _mode(default: str | None) -> Callable[[F], F]:
    return click.option(
        "-m",
        "--mode",
        default=default,
        show_default=default is not None,
        metavar="MODE",
        help="sequential, sequential_group, background, parallel, threads, async, or an"
        f" installed one.{'' if default else '  [default: that of the run]'}",
    )


def mode_option(command: F) -> F:
    """Add `--mode`."""
    return _mode("sequential")(command)


def run_options(command: F) -> F:
    """Add what says how a workflow runs."""
    return _running(mode_option)(command)


def rerun_options(command: F) -> F:
    """Add what says how a workflow runs again; its mode is None where none is given."""
    return _running(_mode(None))(command)


def _running(mode: Callable[[F], F]) -> Callable[[F], F]:
    return together(
        mode,
        click.option(
            "--address",
            metavar="ADDRESS",
            help="Where the cluster of an installed mode is, as tcp://host:8786.",
        ),
        bounds_options,
        click.option(
            "--progress",
            type=click.Choice(["auto", "live", "plain", "none"]),
            default="auto",
            show_default=True,
            help="How to tell what runs: live on a terminal, else a line an event.",
        ),
        json_option(
            "Print the report of the run as JSON; what tasks print goes to"
            " standard error."
        ),
    )


keep_going_option = click.option(
    "--keep-going",
    is_flag=True,
    help="Run a task although the one before it has failed.",
)
"""Adds `--keep-going`."""


def bounds_options(command: F) -> F:
    """Add `--keep-going`, `--max-parallel`, `--deadline` and `--if-running`."""
    from dotflow.types import IF_RUNNING

    return together(
        keep_going_option,
        click.option(
            "--max-parallel",
            type=click.IntRange(min=1),
            metavar="N",
            help="The most tasks at once.",
        ),
        click.option(
            "--deadline",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Cancel the run after this time.",
        ),
        click.option(
            "--if-running",
            type=click.Choice(IF_RUNNING),
            help="What to do while another process runs this workflow id.  [default:"
            " raise, where the storage can tell]",
        ),
    )(command)


def limit_option(default: int) -> Callable[[F], F]:
    """Add the option of how many a list has at the most.

    Args:
        default: How many, where it is not given.
    """
    return click.option(
        "-n",
        "--limit",
        type=click.IntRange(min=1),
        default=default,
        show_default=True,
        help="The most to list.",
    )


def format_option(kinds: Sequence[str], text: str) -> Callable[[F], F]:
    """Add `--format`.

    Args:
        kinds: The formats, the default first.
        text: Its help.
    """
    return click.option(
        "--format",
        "kind",
        type=click.Choice(kinds),
        default=kinds[0],
        show_default=True,
        help=text,
    )


def json_option(text: str = "Print JSON, for programs.") -> Callable[[F], F]:
    """Add `--json`."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        is_eager=True,
        callback=keep_for_json,
        help=text,
    )
