"""`StorageSQLite`: durable checkpoints in one file, with nothing to install."""

from __future__ import annotations

from dotflow.providers.storage_sqlite.storage import StorageSQLite

__all__ = ["StorageSQLite"]
