"""`StoragePostgres` at the path of its kind; it lives in `dotflow-postgres`."""

from dotflow.providers import StoragePostgres

__all__ = ["StoragePostgres"]
