"""File names for storage keys: safe on every system, and one name for one key.

What is not a lower-case letter, digit or one of `-_.#` becomes the percent form of its
UTF-8 bytes. Capitals do too, since macOS and Windows take `A` and `a` for one name. A
name that would be too long ends in `~` and a hash instead.
"""

from __future__ import annotations

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.#")
_LONGEST = 180
_KEPT = 120
# Names that Windows gives to devices, whatever the extension.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in range(10)]
)


def file_name(key: str) -> str:
    """Return the name of a key's file; it never begins with a dot."""
    name = "".join(c if c in _SAFE else _percent(c) for c in key)
    if not name:
        return "%"
    if name[0] == "." or name.partition(".")[0] in _DEVICES:
        name = _percent(name[0]) + name[1:]
    if name[-1] == ".":  # Windows drops it
        name = name[:-1] + _percent(".")
    if len(name) <= _LONGEST:
        return name
    import hashlib

    data = key.encode("utf-8", "surrogatepass")
    return f"{name[:_KEPT]}~{hashlib.blake2b(data, digest_size=16).hexdigest()}.json"


def key_of(name: str) -> str | None:
    """Return the key that a file name stands for.

    None where a hash stands in it, and where `file_name` made no such name.
    """
    from urllib.parse import unquote_to_bytes

    try:
        key = unquote_to_bytes(name).decode("utf-8", "surrogatepass")
    except UnicodeError:
        return None  # somebody else's file
    if name == "%":
        key = ""
    return key if file_name(key) == name else None


def _percent(character: str) -> str:
    data = character.encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in data)
