"""`StorageRedis`: checkpoints in Redis, shared by any number of machines."""

from __future__ import annotations

from dotflow_redis.storage import StorageRedis

__all__ = ["StorageRedis"]
