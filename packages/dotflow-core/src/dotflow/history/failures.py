"""What a store keeps apart of events, so that it is found without reading them all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dotflow.abc.fact_tests import fact_number, fact_text
from dotflow.abc.history import FAILURES
from dotflow.history.rows import read_detail, stored_text

if TYPE_CHECKING:
    from dotflow.history.rows import EventRow

# The number of the run, the number of the event in it, when, the task, the name of the
# exception's class, the shape of its message, and the message.
FailureRow = tuple[int, int, float, str, str, str, str]

# The number of the run, a name, and a value as `fact_text` has it, and as a number where
# it is one. A tag is a value with the name `TAG`, a parameter `name=value` one with the
# name `PARAMETER`: no fact can have these.
FactRow = tuple[int, str, str, float | None]
TAG, PARAMETER = "", "="

FACT = "FactSet"
INDEXED = FAILURES | {FACT}
_MOST_MESSAGE = 1000
_MOST_SHAPE = 200
_VARYING = re.compile(
    r"""'[^']*'|"[^"]*"|`[^`]*`        # what is quoted
    |\bhttps?://\S+|(?<![\w.])~?(?:/[\w.@+-]+){2,}/?|\b[A-Za-z]:\\\S+  # where it is
    |\b0x[0-9a-fA-F]+\b|\b(?=\w*\d)[\w.:+-]*\d[\w.:+-]*""",  # numbers, ids and times
    re.VERBOSE,
)


def message_shape(message: str) -> str:
    """Return the first line of a message without what differs from one to the next."""
    line = message.lstrip()[:_MOST_MESSAGE].partition("\n")[0]
    return _VARYING.sub("…", line)[:_MOST_SHAPE]


def failure_rows(rows: Iterable[EventRow]) -> Iterator[FailureRow]:
    """Yield what is kept of the failures among events, for `History.failures`."""
    for run, seq, when, event, task, _, text, _ in rows:
        if event in FAILURES and task is not None:
            detail = read_detail(text)
            if "by_items" not in detail:  # its items tell of themselves
                message = stored_text(detail.get("message", "")[:_MOST_MESSAGE])
                error = stored_text(detail.get("exception", ""))
                yield run, seq, when, task, error, message_shape(message), message


def given_rows(run: int, identity: str) -> list[FactRow]:
    """Return what a run is found by from its beginning: its tags and parameters.

    Args:
        run: Its number.
        identity: What it is, the JSON text that is kept of it.
    """
    told = json.loads(identity)
    named = [(TAG, tag) for tag in told.get("tags", ())]
    for name, value in told.get("params", {}).items():
        named.append((PARAMETER, f"{name}={value}"[:_MOST_MESSAGE]))
    return [(run, name, stored_text(text), None) for name, text in named]


def fact_rows(rows: Iterable[EventRow]) -> list[FactRow]:
    """Return the facts among events: each is `{"name": …, "value": …}` in its detail.

    Of those of a name the last one counts, also in place of what is stored.
    """
    found: dict[tuple[int, str], FactRow] = {}
    for run, _, _, event, _, _, text, _ in rows:
        if event == FACT and text is not None:
            detail = json.loads(text)
            name, value = stored_text(detail["name"]), detail["value"]
            row = (run, name, stored_text(fact_text(value)), fact_number(value))
            found[run, name] = row
    return list(found.values())
