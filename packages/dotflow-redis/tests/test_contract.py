from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from dotflow.testing import StorageContract
from dotflow_redis import StorageRedis


class TestStorageRedis(StorageContract):
    """The whole contract of storages, against a real server."""

    @pytest.fixture(autouse=True)
    def _place(self, server: Any, prefix: str) -> None:
        self.url, self.prefix = server.url, prefix

    def make_storage(self) -> StorageRedis:
        return StorageRedis(self.url, prefix=self.prefix)

    def storage_factory(self) -> Callable[[], StorageRedis]:
        return functools.partial(StorageRedis, self.url, prefix=self.prefix)
