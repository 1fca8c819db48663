"""Small helpers that write a value to a file and read it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_file(
    path: str | Path, content: Any, mode: str = "w", encoding: str = "utf-8"
) -> None:
    """Write a value as JSON, or as `str` has it where JSON cannot hold it.

    Args:
        path: The file; its folder must exist.
        content: The value. A `str` is written as JSON too, so that it comes back as one.
        mode: As `open` takes it. Default `"w"`.
        encoding: Of the text. Default `"utf-8"`.

    Raises:
        OSError: The file cannot be written.
    """
    import json

    # Encoded first: opening with "w" empties the file.
    try:
        text = json.dumps(content)
    except (TypeError, ValueError, RecursionError):
        text = str(content)
    with Path(path).open(mode, encoding=encoding) as file:
        file.write(text)


def read_file(path: str | Path, encoding: str = "utf-8") -> Any:
    """Read what `write_file` wrote.

    Args:
        path: The file.
        encoding: Of the text. Default `"utf-8"`.

    Returns:
        The value if the text is JSON, else the text; None if there is no such file.

    Raises:
        OSError: The file exists and cannot be read.
    """
    import json

    try:
        text = Path(path).read_text(encoding=encoding)
    except FileNotFoundError:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
