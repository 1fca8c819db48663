"""`StoragePostgres`: checkpoints in PostgreSQL, shared by any number of machines."""

from __future__ import annotations

from dotflow_postgres.storage import StoragePostgres

__all__ = ["StoragePostgres"]
