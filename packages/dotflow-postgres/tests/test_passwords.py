"""The password of an address is in nothing that a storage shows."""

from __future__ import annotations

from functools import partial

import pytest

from dotflow.testing.passwords import check_addresses
from dotflow_postgres import StoragePostgres


def test_a_thousand_addresses() -> None:
    """Neither a repr nor an error, with all its causes, holds a part of a password."""
    check_addresses(partial(StoragePostgres, timeout=2), "postgresql")


@pytest.mark.parametrize(
    ("dsn", "reach"),
    [
        ("postgresql://etl@db.example.org/shop", "network"),
        ("host=/run/postgresql dbname=shop", "host"),
        ("postgresql://etl:secret@db.example.org/shop", "process"),
    ],
)
def test_no_password_goes_to_workers(dsn: str, reach: str) -> None:
    """Workers elsewhere write to a server only where no password has to go along."""
    assert StoragePostgres(dsn).reach == reach
