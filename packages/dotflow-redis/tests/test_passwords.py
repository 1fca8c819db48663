"""The password of an address is in nothing that a storage shows."""

from __future__ import annotations

from functools import partial

import pytest

from dotflow.testing.passwords import check_addresses
from dotflow_redis import StorageRedis


def test_a_thousand_addresses() -> None:
    """Neither a repr nor an error, with all its causes, holds a part of a password."""
    check_addresses(partial(StorageRedis, timeout=2), "redis")


@pytest.mark.parametrize(
    ("url", "reach"),
    [
        ("redis://cache.example.org:6379/0", "network"),
        ("redis://localhost:6379/0", "host"),
        ("unix:///run/redis.sock", "host"),
        ("redis://:secret@cache.example.org/0", "process"),
        ("redis://cache.example.org/0?password=secret", "process"),
    ],
)
def test_no_password_goes_to_workers(url: str, reach: str) -> None:
    """Workers elsewhere write to a server only where no password has to go along."""
    assert StorageRedis(url).reach == reach
