"""The stored form of values: JSON in which every type survives.

Plain JSON types are written as they are. Anything else becomes an object with the key
`"$"`, which names the type, and mostly `"v"`, its content::

    {"$": "tuple", "v": [1, 2]}
    {"$": "datetime", "v": "2013-01-01T05:00:00", "zone": "Europe/Rome"}
    {"$": "dataclass", "c": "shop.models:Order", "v": {"number": 7}}

The text is strict JSON (RFC 8259), so any tool can read it.
"""

from __future__ import annotations

from dotflow.codec.codec import Codec

__all__ = ["Codec"]
