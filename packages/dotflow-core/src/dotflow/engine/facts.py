"""`fact`: a step tells something by which its run is found."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from dotflow.base.guard import guarded, is_a, short_type_name, type_name
from dotflow.base.masking import HIDDEN, looks_secret, mask_pairs, without_secrets
from dotflow.engine.telling import MOST_NAME, listener, refusal, state_of, tell_of
from dotflow.model.events import FactSet

if TYPE_CHECKING:
    from dotflow.model.task import Attempt

MOST_TEXT = 1_000
# Of one attempt: of so many names, and so often at once.
MOST_FACTS = 100


def fact(name: str, value: str | float | bool | None) -> None:
    """Tell something by which the run is found: `fact("customer", "acme")`.

    `dotflow show` shows it, and `dotflow runs --where customer=acme` or `--where
    "rows>10"` lists the runs that have it. Of a name the last value counts. The value of
    a name that looks like a secret is masked. Where nobody listens, also outside of a
    run, it is checked and nothing else.

    Args:
        name: What it is called, without `=`, `<`, `>` and `!`.
        value: A text of up to 1,000 characters, a finite number, a truth value or None.

    Raises:
        TellingRefused: It is none of these, or there are too many.
    """
    if not is_a(name, str) or not _is_name(name):
        raise refusal(
            "A fact",
            f"needs a name: a text of 1 to {MOST_NAME} characters without line breaks,"
            " = < > and ! comes first.",
        )
    name = str.__str__(name)
    kept, why = _kept(value)
    if why:
        raise refusal(f"The fact {name!r}", why)
    attempt = listener(FactSet)
    if attempt is not None:
        facts = state_of(attempt, _Facts)
        if not facts.add(name, HIDDEN if looks_secret(name) else kept):
            raise refusal(
                f"The fact {name!r}",
                f"is one too many: an attempt tells {MOST_FACTS} facts at most. What"
                " there are many of is a table: artifact(name, rows).",
            )


class _Facts:
    """The facts of an attempt: the first are told at once, those that change often last.

    Args:
        attempt: The attempt.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._names: set[str] = set()
        self._number = 0
        self._left: dict[str, Any] = {}
        attempt.before_end(self._tell_rest)

    def add(self, name: str, value: Any) -> bool:
        """Tell a fact, now or at the end; say whether it may be told."""
        self._names.add(name)
        if len(self._names) > MOST_FACTS:
            return False
        self._number += 1
        if self._number > MOST_FACTS:
            self._left[name] = value
        else:
            tell_of(self._attempt, FactSet, {"name": name, "value": value})
        return True

    def _tell_rest(self) -> None:
        for name, value in self._left.items():
            tell_of(self._attempt, FactSet, {"name": name, "value": value})


def _is_name(name: str) -> bool:
    plain = name.isprintable() and name == name.strip() and 0 < len(name) <= MOST_NAME
    return plain and not any(sign in name for sign in "=<>!")


def _kept(value: Any) -> tuple[Any, str]:
    """Return what JSON holds of a value, and why it cannot be kept, or `""`."""
    kind = type(value)
    if kind is bool or value is None:
        return value, ""
    if is_a(value, str):
        text = str.__str__(value)
        most = f"has {len(text):,} characters, and the most is {MOST_TEXT:,}."
        if len(text) > MOST_TEXT:
            return None, most
        return without_secrets(mask_pairs(text)), ""
    number = _number(value)
    if number is not None:
        return number, ""
    if is_a(value, (int, float)):
        return None, "is no finite number, with which nothing could be compared."
    return None, (
        f"is of type {short_type_name(value)}: a fact is a text, a"
        " number, a truth value or None. What is more is artifact(name, value)."
    )


def _number(value: Any) -> float | None:
    """Return the finite number that a value is; None where it is none."""
    if is_a(value, int):
        value = int.__int__(value)
    elif is_a(value, float):
        value = float.__float__(value)
    elif type_name(value).startswith("numpy."):
        value = guarded(value.item, None)
    else:
        return None
    if type(value) not in (bool, int, float):
        return None
    return value if guarded(lambda: isfinite(value), False) else None
