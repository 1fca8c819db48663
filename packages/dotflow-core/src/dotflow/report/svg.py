"""The few shapes that the drawings are made of, as SVG."""

from __future__ import annotations

from collections.abc import Iterable

from dotflow.base.escape import xml_text

DASHES = "4 3"
FONT = "ui-sans-serif, system-ui, sans-serif"


def document(width: float, height: float, title: str, shapes: Iterable[str]) -> str:
    """Return a whole SVG document.

    Args:
        width: Its width.
        height: Its height.
        title: What it shows, for whoever cannot see it.
        shapes: What is in it.
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(width)}"'
        f' height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
        f' role="img" font-family="{FONT}" font-size="12">'
    )
    background = (
        f'<rect width="{number(width)}" height="{number(height)}" fill="#fff"/>'
    )
    return "\n".join(
        [head, f"<title>{xml_text(title)}</title>", background, *shapes, "</svg>"]
    )


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    fill: str,
    tip: str = "",
    *,
    stroke: str = "",
    dashed: bool = False,
) -> str:
    """Return a filled box with rounded corners, and what it says when pointed at."""
    inside = f"<title>{xml_text(tip)}</title>" if tip else ""
    border = f' stroke="{stroke}"' if stroke else ""
    if dashed:
        border += f' stroke-dasharray="{DASHES}"'
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}"'
        f' height="{number(height)}" rx="2" fill="{fill}"{border}>{inside}</rect>'
    )


def label(
    x: float,
    y: float,
    text: str,
    fill: str = "#263238",
    *,
    end: bool = False,
    size: int = 12,
) -> str:
    """Return a text whose baseline begins, or ends, at a point."""
    anchor = ' text-anchor="end"' if end else ""
    anchor += f' font-size="{size}"' if size != 12 else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" fill="{fill}"{anchor}>'
        f"{xml_text(text)}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = "#cfd8dc") -> str:
    """Return a straight line."""
    return (
        f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}"'
        f' y2="{number(y2)}" stroke="{stroke}"/>'
    )


def number(value: float) -> str:
    """Return a coordinate, without digits that nobody could see."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
