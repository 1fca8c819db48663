from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from dotflow.testing import StorageContract
from dotflow_postgres import StoragePostgres


class TestStoragePostgres(StorageContract):
    """The whole contract of storages, against a real server."""

    @pytest.fixture(autouse=True)
    def _place(self, server: Any, table: str) -> None:
        self.dsn, self.table = server.dsn, table

    def make_storage(self) -> StoragePostgres:
        return StoragePostgres(self.dsn, table=self.table)

    def storage_factory(self) -> Callable[[], StoragePostgres]:
        return functools.partial(StoragePostgres, self.dsn, table=self.table)
