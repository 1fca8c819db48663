"""`StorageGCS` at the path of its kind; it lives in `dotflow-gcp`."""

from dotflow.providers import StorageGCS

__all__ = ["StorageGCS"]
