"""Object names for storage keys: safe in every bucket, and one name for one key.

What is not an ASCII letter, digit or one of `-_.%:=@,` becomes `~` and two hexadecimal
digits for each byte of its UTF-8 form, so no name has a slash, a wildcard of a cloud's
tools, or a character that XML or a URL cannot carry. The percent signs of checkpoint
keys stay readable. A name that would be too long ends in `~~` and a hash instead.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(r"[^A-Za-z0-9\-_.%:=@,]")
_HASHED = "~~"
_LONGEST = 600
_KEPT = 400
LONGEST_PREFIX = 300
"""In bytes. With a name it stays below the 1,024 bytes that S3 and GCS allow."""


def object_name(key: str) -> str:
    """Return the name of a key's object, without the storage's prefix."""
    name = _escaped(key)
    if not name:
        return "~"
    if len(name) <= _LONGEST:
        return name
    import hashlib

    data = key.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return f"{name[:_KEPT]}{_HASHED}{digest}"


def name_prefix(prefix: str) -> str:
    """Return what the names of all keys with a prefix begin with.

    Names of other keys may begin so, too, where the prefix is longer than the part
    that a hash leaves of a name.
    """
    return _escaped(prefix)[:_KEPT]


def is_hashed(name: str) -> bool:
    """Tell whether a name does not say its key."""
    return _HASHED in name


def key_of(name: str) -> str | None:
    """Return the key that a name stands for, None where `object_name` made no such."""
    from urllib.parse import unquote_to_bytes

    try:
        data = unquote_to_bytes(name.replace("%", "%25").replace("~", "%"))
        key = data.decode("utf-8", "surrogatepass")
    except UnicodeError:
        return None  # somebody else's object
    if name == "~":
        key = ""
    return key if object_name(key) == name else None


def _escaped(key: str) -> str:
    name = _UNSAFE.sub(_escape, key)
    # Neither `.` nor `..`, which URLs resolve and Google refuses.
    return f"~2E{name[1:]}" if name.startswith(".") else name


def _escape(match: re.Match[str]) -> str:
    data = match[0].encode("utf-8", "surrogatepass")
    return "".join(f"~{byte:02X}" for byte in data)
