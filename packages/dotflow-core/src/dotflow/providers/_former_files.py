"""Files that the `StorageFile` of dotflow 1.x has left, read as records of today.

Such a file is named as its key is, and holds a JSON list with a text for each value that
was ever stored under the key: JSON, or the `str` of what JSON has no form for. When it
ends, and its fingerprint, stand in a second file, whose name ends in `.meta`. Nothing
writes such files any more.
"""

from __future__ import annotations

import json
import re

from dotflow.codec.codec import Codec
from dotflow.errors import DecodeError
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from typing import Any

FORMER = b"["
"""What the content of such a file begins with."""
_META = ".meta"
# The id of a workflow, a UUID then, a dash, and that of a task, or what its inputs were
# noted under.
_KEY = re.compile(
    r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([\w.#-]*?)(?:\.json)?"
)


def is_former(key: str) -> bool:
    """Say whether a key is one that 1.x can have made, and so the name of a file."""
    return _KEY.fullmatch(key) is not None


def is_beside_former(name: str, names: Collection[str]) -> bool:
    """Say whether a file is what stands beside another one."""
    return name.endswith(_META) and name.removesuffix(_META) in names


def forget_former(path: Path, key: str) -> None:
    """Remove what 1.x has left of a key.

    Args:
        path: The file of that name.
        key: The key.
    """
    if is_former(key):
        path.unlink(missing_ok=True)
        path.with_name(path.name + _META).unlink(missing_ok=True)


def former_record(path: Path, key: str) -> bytes | None:
    """Return what a file of 1.x holds, as a record of today; None where it is none.

    Args:
        path: The file.
        key: The key that it may be of.

    Raises:
        DecodeError: It is damaged.
        OSError: It cannot be read.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if not data.startswith(FORMER):
        return None
    try:
        texts = json.loads(data)
    except ValueError as error:
        raise DecodeError(
            f"{path} was left by dotflow 1.x, and is damaged: {error}. Delete it."
        ) from error
    values = [_value(text) for text in texts]
    value: Any = [Context(storage=one) for one in values]
    if len(values) < 2:  # 1.x gave the one value as itself
        value = values[0] if values else None
    meta = _meta(path)
    moment = path.stat().st_mtime
    context = Context.of_task(value, found[2], found[1], moment, None)
    extra = {
        "key": key,
        "expires_at": meta.get("expires_at"),
        "fingerprint": meta.get("fingerprint"),
    }
    return Codec().encode_context(context, extra).encode() + b"\n"


def _value(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError):
        return text


def _meta(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.with_name(path.name + _META).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
