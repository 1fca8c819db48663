"""`FactTest`: what is asked of the facts of a run, as `rows>10` or `customer=acme`."""

from __future__ import annotations

import json
import math
import operator as operators
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dotflow.errors import DotflowError

if TYPE_CHECKING:
    from collections.abc import Iterable

# The longer first: `>=` begins with `>`.
OPERATORS = ("!=", ">=", "<=", "=", ">", "<")
_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operators.ge,
    "<=": operators.le,
    ">": operators.gt,
    "<": operators.lt,
}
_TEST = re.compile(r"\s*([^=<>!]*[^=<>!\s])\s*(!=|>=|<=|==?|>|<)\s*(.*?)\s*", re.DOTALL)


class InvalidFactTest(DotflowError, ValueError):
    """What was asked of facts cannot be understood."""


@dataclass(frozen=True, slots=True)
class FactTest:
    """That a run has a fact, and how its value compares.

    Args:
        name: The name of the fact.
        operator: One of `OPERATORS`.
        text: What its value is compared with, as `fact_text` has it.
    """

    name: str
    operator: str
    text: str

    @property
    def number(self) -> float | None:
        """The same as a number; None where it is none.

        Numbers are compared with numbers, and texts with texts, letter by letter.
        """
        return number_of(self.text)

    def holds(self, text: str, number: float | None) -> bool:
        """Say whether a fact is as asked.

        Args:
            text: Its value as `fact_text` has it.
            number: The same as `fact_number` has it.
        """
        mine, operator = self.number, self.operator
        if operator in ("=", "!="):
            # A text of the digits of a number is equal to it as well.
            same = text == self.text or (mine is not None and number == mine)
            return same is (operator == "=")
        compare = _ORDERS[operator]
        if mine is not None:
            return number is not None and bool(compare(number, mine))
        return number is None and bool(compare(text, self.text))


def fact_text(value: Any) -> str:
    """Return what a fact is looked up by: a text is itself, all else is its JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def fact_number(value: Any) -> float | None:
    """Return what the value of a fact is compared by; None where it is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return number_of(str(value))


def number_of(text: str) -> float | None:
    """Return the finite number that a text is; None where it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def fact_tests(where: Mapping[str, Any] | str | Iterable[str] | None) -> list[FactTest]:
    """Return what is asked, however it was given.

    Args:
        where: Values by name, `"rows>10"`, or several such texts.

    Raises:
        InvalidFactTest: A text is none.
    """
    if where is None:
        return []
    if isinstance(where, Mapping):
        return [FactTest(name, "=", fact_text(value)) for name, value in where.items()]
    return [_parsed(text) for text in ([where] if isinstance(where, str) else where)]


def _parsed(text: str) -> FactTest:
    match = _TEST.fullmatch(text)
    if match is None:
        raise InvalidFactTest(
            f"where={text!r} asks nothing of a fact: write its name, one of"
            f" {' '.join(OPERATORS)} and a value, as in rows>10 or customer=acme."
        )
    name, operator, value = match.groups()
    return FactTest(name, operator.replace("==", "="), value)
