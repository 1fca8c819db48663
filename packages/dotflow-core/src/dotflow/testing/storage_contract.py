"""`StorageContract`, at the path that users know."""

from __future__ import annotations

from dotflow.testing.storage import StorageContract as StorageContract
