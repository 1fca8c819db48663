"""Small helpers that write a value to a file and read it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_file(
    path: str | Path, content: Any, mode: str = "w", encoding: str = "utf-8"
) -> None:
    """Write a text as it is, or any other value as JSON.

    Args:
        path: The file; its folder must exist.
        content: A `str`, or a value that JSON can hold.
        mode: As `open` takes it. Default `"w"`.
        encoding: Of the text. Default `"utf-8"`.

    Raises:
        TypeError: JSON cannot hold the value; the file is untouched.
        OSError: The file cannot be written.
    """
    import json

    # Encoded first: opening with "w" empties the file.
    text = content if isinstance(content, str) else json.dumps(content)
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
