"""`ObjectStorage`, at the path that users know."""

from __future__ import annotations

from dotflow.providers.object_storage import ObjectStorage as ObjectStorage
from dotflow.providers.object_storage import StoredObject as StoredObject
from dotflow.providers.object_storage import in_threads as in_threads
