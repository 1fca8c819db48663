"""Classes whose values have a fingerprint."""

from __future__ import annotations

import dataclasses
import enum


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Point:
    x: int
    tags: list[int] = dataclasses.field(default_factory=list)
