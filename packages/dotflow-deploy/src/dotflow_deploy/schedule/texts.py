"""Values of a field as text, in as few words as its dialect allows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from dotflow_deploy.schedule.fields import DAYS, Unit


def compact(
    values: Iterable[int], unit: Unit, *, star: bool = True, between: str = "-"
) -> str:
    """Return the text of a field: `"*"`, `"*/15"`, `"9-17/2"`, `"1-5,15"`.

    Args:
        values: What it stands for.
        unit: What it counts.
        star: Whether `*` may be used.
        between: What a range has between its ends.
    """
    ordered = sorted(values)
    step = even_step(ordered)
    whole = len(ordered) == len(unit.values)
    if whole and star:
        return "*"
    if step is not None and step > 1:
        to_the_end = ordered[-1] + step > unit.high
        if star and to_the_end and ordered[0] == unit.low:
            return f"*/{step}"
        last = unit.high if to_the_end else ordered[-1]
        return f"{ordered[0]}{between}{last}/{step}"
    return listed(ordered, between=between)


def stepped(
    values: Iterable[int], unit: Unit, *, between: str = "-", digits: int = 1
) -> str:
    """Return the text of a field, with no step within a range: AWS documents none."""
    ordered = sorted(values)
    if len(ordered) == len(unit.values):
        return "*"
    step = even_step(ordered)
    if step is not None and step > 1 and ordered[-1] + step > unit.high:
        return f"{ordered[0]:0{digits}}/{step}"
    return listed(ordered, between=between, digits=digits)


def listed(values: Iterable[int], *, between: str = "-", digits: int = 1) -> str:
    """Return values as a list of numbers and of ranges of three at least."""
    return ",".join(
        (between if last - first > 1 else ",").join(
            f"{end:0{digits}}" for end in dict.fromkeys((first, last))
        )
        for first, last in runs(values)
    )


def weekday_names(values: Iterable[int], *, between: str = "-") -> str:
    """Return days of the week by name, which no two dialects number alike.

    Sunday is in no range, since it is the first day here and the last one there.
    """
    days = set(values)
    texts = [
        f"{DAYS[first]}{between}{DAYS[last]}"
        if last - first > 1
        else ",".join(DAYS[first : last + 1])
        for first, last in runs(days - {0})
    ]
    return ",".join([*(["SUN"] if 0 in days else []), *texts])


def even_step(ordered: list[int]) -> int | None:
    """Return the distance of three or more values that all have the same."""
    steps = {b - a for a, b in pairwise(ordered)}
    return steps.pop() if len(ordered) > 2 and len(steps) == 1 else None


def runs(values: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and the last of each run of consecutive values."""
    found: list[tuple[int, int]] = []
    for value in sorted(values):
        if found and found[-1][1] == value - 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found
