"""`dotflow schedule --file`: the entries of a file, and what is wrong with them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from dotflow.base.arguments import check_count, check_seconds
from dotflow.base.suggest import hint
from dotflow.errors import InvalidTask, ProviderError
from dotflow_cli.errors import usage_errors
from dotflow_cli.schedules import OVERLAPS, Entry

_TABLE = "schedule"
_EXAMPLE = "[[schedule]] with workflow = and cron = below it"
_ALWAYS = "* * * * *"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _within(check: Callable[[str, Any], Any]) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        try:
            return check("", value) is not None
        except InvalidTask:
            return False

    return holds


def _is_params(value: Any) -> bool:
    return isinstance(value, dict) and all(key.isidentifier() for key in value)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


_TEXT = (_is_text, "a text that is not empty")
_FLAG = (_is_flag, "true or false")
_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": _TEXT,
    "workflow": _TEXT,
    "step": _TEXT,
    "callback": _TEXT,
    "initial_context": (_is_json, "a value that JSON can hold"),
    "params": (_is_params, "a table of arguments, as {day = 1}"),
    "cron": _TEXT,
    "overlap": (lambda value: value in OVERLAPS, f"one of {', '.join(OVERLAPS)}"),
    "timezone": _TEXT,
    "storage": _TEXT,
    "path": _TEXT,
    "workflow_id": _TEXT,
    "resume": _FLAG,
    "mode": _TEXT,
    "address": _TEXT,
    "keep_going": _FLAG,
    "max_parallel": (_within(check_count), "a whole number, 1 or more"),
    "deadline": (_within(check_seconds), "a number of seconds above 0"),
}


def read_entries(
    file: str, new_scheduler: Callable[[], Callable[..., Any]]
) -> tuple[list[Entry], list[str]]:
    """Read the entries of a file, without importing what they name.

    Args:
        file: Its path.
        new_scheduler: Returns what makes a scheduler of an expression, or says why it
            cannot.

    Returns:
        The entries that are well-formed, and the problems of all others.

    Raises:
        UsageError: The file cannot be read, or is no TOML.
    """
    document = _load(file)
    problems = []
    for key in document:
        if key != _TABLE:
            meant = _hint(key, [_TABLE])
            problems.append(f"there is no key {key!r}.{meant} Write {_EXAMPLE}.")
    tables = document.get(_TABLE)
    if tables is None and problems:
        return [], problems
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        return [], [*problems, f"it has no list of schedules: write {_EXAMPLE}."]
    if not tables:
        return [], [*problems, f"it holds no schedule: write {_EXAMPLE}."]
    entries = []
    for number, table in enumerate(tables, 1):
        name = _name(number, table)
        found = _problems(table, new_scheduler)
        problems += [f"{name}: {problem}" for problem in found]
        if not found:
            entries.append(_entry(name, table))
    return entries, problems


def _load(file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(file).read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise click.UsageError(f"--file {file!r} is no TOML: {error}.") from error
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise click.UsageError(f"--file {file!r} cannot be read: {reason}.") from error


def _name(number: int, table: Mapping[str, Any]) -> str:
    what = table.get("workflow") or table.get("step")
    return f"schedule {number}" + (f" ({what})" if isinstance(what, str) else "")


def _hint(word: str, known: list[str]) -> str:
    # An option of the command line is spelled with dashes.
    return hint(word.replace("-", "_"), known)


def _problems(
    table: Mapping[str, Any], new_scheduler: Callable[[], Callable[..., Any]]
) -> list[str]:
    found = []
    for key, value in table.items():
        if key not in _KEYS:
            found.append(f"there is no key {key!r}.{_hint(key, [*_KEYS])}")
        elif not _KEYS[key][0](value):
            found.append(f"{key} must be {_KEYS[key][1]}, not {value!r}.")
    if ("step" in table) == ("workflow" in table):
        found.append("give either step or workflow.")
    if "step" in table and "params" in table:
        found.append("params needs workflow.")
    if "cron" not in table:
        if "workflow" not in table:
            found.append('cron is missing: write cron = "*/5 * * * *".')
        found += [
            f"{key} needs cron: without it the workflow's own scheduler counts."
            for key in ("overlap", "timezone")
            if key in table
        ]
    # One at a time, so that a mistake in the one does not hide that in the other.
    for key, arguments in (
        ("cron", {"cron": table.get("cron")}),
        ("timezone", {"cron": _ALWAYS, "timezone": table.get("timezone")}),
    ):
        if _is_text(table.get(key)):
            try:
                new_scheduler()(**arguments)
            except ProviderError as error:
                found.append(str(error))
    return found


def _entry(name: str, table: Mapping[str, Any]) -> Entry:
    values = dict(table)
    values["schedule_name"] = values.pop("name", None)
    if "initial_context" in values:
        # An entry has it as the command line does: there a text may stand for a file.
        values["initial_context"] = json.dumps(values["initial_context"])
    return Entry.of(values, name)


def scheduler_class() -> Callable[..., Any]:
    """Return `SchedulerCron`.

    Raises:
        UsageError: It is not installed.
    """
    from dotflow.providers.registry import load_provider

    with usage_errors():
        found: Callable[..., Any] = load_provider("SchedulerCron")
        return found
