"""SVG to PNG, through an optional dependency."""

from __future__ import annotations

from importlib import import_module


def to_png(svg: str, scale: float) -> bytes:
    """Return an SVG document as a PNG image, with `scale` pixels for a unit of it.

    Raises:
        ImportError: CairoSVG is not installed, or has no Cairo.
    """
    try:
        convert = import_module("cairosvg").svg2png
    except (ImportError, OSError) as error:
        raise ImportError(
            "to_png() draws with CairoSVG, which cannot be imported here"
            f' ({error}). Install it: python -m pip install "dotflow-core[png]".'
            " to_svg() needs nothing."
        ) from error
    image: bytes = convert(bytestring=svg.encode(), scale=scale)
    return image
