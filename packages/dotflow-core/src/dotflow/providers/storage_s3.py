"""`StorageS3` at the path of its kind; it lives in `dotflow-aws`."""

from dotflow.providers import StorageS3

__all__ = ["StorageS3"]
