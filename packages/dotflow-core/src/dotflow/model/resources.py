"""What an attempt needs of a worker: `@action(resources={"cpus": 2, "memory": "4GiB"})`."""

from __future__ import annotations

from dotflow.errors import InvalidTask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNITS = {
    "": 1,
    "B": 1,
    **{f"{unit}B": 1000**n for n, unit in enumerate("KMGT", 1)},
    **{f"{unit}iB": 1024**n for n, unit in enumerate("KMGT", 1)},
}


def checked_resources(given: Any) -> dict[str, float]:
    """Return resources as numbers, memory in bytes.

    Args:
        given: Amounts by name: `cpus`, `gpus`, `memory`, or a name of the cluster's own.

    Raises:
        InvalidTask: They are no dictionary of amounts.
    """
    if not isinstance(given, dict):
        raise InvalidTask(
            f"resources={given!r}: give amounts by name, as in"
            ' resources={"cpus": 2, "memory": "4GiB"}.'
        )
    return {name: _amount(name, value) for name, value in given.items()}


def _amount(name: Any, value: Any) -> float:
    if not isinstance(name, str) or not name:
        raise InvalidTask(f"resources has {name!r}: the name of a resource is a text.")
    amount = _bytes(value) if name == "memory" and isinstance(value, str) else value
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or amount < 0:
        form = ', or a text as "4GiB"' if name == "memory" else ""
        raise InvalidTask(
            f"resources={{{name!r}: {value!r}}}: the amount is a number from 0 on{form}."
        )
    return amount


def _bytes(text: str) -> float | None:
    digits = text.rstrip("KMGTiB ")
    factor = _UNITS.get(text[len(digits) :].strip())
    try:
        return None if factor is None else float(digits) * factor
    except ValueError:
        return None
