"""Texts of users inside markup: names may hold quotes, `<`, line breaks, anything."""

from __future__ import annotations

import re
from functools import cache

_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_XML = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
)
# Mermaid reads `#name;` and `#number;` in labels; `&` would begin an HTML entity.
_MERMAID = str.maketrans(
    {c: f"#{ord(c)};" for c in "#&\"<>`'\\|{}[]()%;"} | {"\n": "<br/>", "\r": ""}
)


@cache
def _illegal() -> re.Pattern[str]:
    """Find what XML 1.0 cannot hold even escaped, and what UTF-8 cannot: lone surrogates.

    Late: to compile it takes 3 of the 40 ms of a first run with a history.
    """
    return re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Return a text for the content, or a quoted attribute, of XML or HTML."""
    return _illegal().sub("\N{REPLACEMENT CHARACTER}", text).translate(_XML)


def mermaid_text(text: str) -> str:
    """Return a text for a quoted label of a Mermaid chart."""
    return _illegal().sub("\N{REPLACEMENT CHARACTER}", text).translate(_MERMAID)


def line_text(text: str) -> str:
    r"""Return a text for a line of a terminal: what is no letter or sign as `\n`."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )


def lines_text(text: str) -> str:
    """Return a text of several lines without what would steer a terminal."""
    return "\n".join(line_text(line.expandtabs()) for line in text.split("\n"))


def without_colours(text: str) -> str:
    """Return a text without what colours it on a terminal."""
    return _COLOURS.sub("", text)


def shorten(text: str, length: int) -> str:
    """Return a text of at most so many characters, with a mark where it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"
