"""`percentile`: what most of some values stay below."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def percentile(values: Sequence[float], part: float) -> float | None:
    """Return the least of some values that a part of them does not exceed.

    Args:
        values: The values, in any order.
        part: Which part, more than 0 and at most 1.

    Returns:
        One of the values; None where there are none.
    """
    if not values:
        return None
    return sorted(values)[math.ceil(part * len(values)) - 1]
