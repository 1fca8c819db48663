"""`StorageRedis` at the path of its kind; it lives in `dotflow-redis`."""

from dotflow.providers import StorageRedis

__all__ = ["StorageRedis"]
