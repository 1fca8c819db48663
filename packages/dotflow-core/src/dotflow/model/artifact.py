"""`Artifact`: what a step has left to look at, as a history keeps it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

KINDS = ("table", "markdown", "link", "image", "number")
# By how their bytes begin: what a browser shows, and runs nothing of.
IMAGES = (
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
)


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a step has left to look at.

    Args:
        name: Its name.
        kind: `"table"`, `"markdown"`, `"link"`, `"image"` or `"number"`.
        value: A text, bytes, a number, or a list of dictionaries for a table, whose
            cells are numbers, texts, truth values or None.
        size: Its size in bytes, as it is kept.
        task: The task.
        attempt: Which attempt of it, or of the item.
        index: Of which item of a mapped task, from 0; None for the task itself.
        time: When it was left, with a time zone.
    """

    name: str
    kind: str
    value: Any
    size: int
    task: str
    attempt: int | None
    index: int | None
    time: datetime

    @property
    def image_format(self) -> str | None:
        """`"png"`, `"jpeg"`, `"gif"` or `"webp"`; None where it is no image."""
        return image_format(self.value) if self.kind == "image" else None


def image_format(data: bytes) -> str | None:
    """Return the format of an image by its first bytes; None where it is none."""
    return next((name for name, begin in IMAGES if begin.match(data)), None)


def stored_value(kind: str, value: Any) -> Any:
    """Return the value of an artifact as JSON holds it."""
    if kind == "image":
        return base64.b64encode(value).decode("ascii")
    if kind == "number" and value - value != 0:  # JSON has none that are not finite
        return str(value)
    return value


def read_value(detail: Mapping[str, Any]) -> Any:
    """Return the value of an artifact from the detail of its event."""
    kind, value = detail["kind"], detail["value"]
    if kind == "image":
        return base64.b64decode(value)
    if kind == "table":
        columns = value["columns"]
        return [dict(zip(columns, row, strict=True)) for row in value["rows"]]
    return float(value) if kind == "number" and isinstance(value, str) else value
