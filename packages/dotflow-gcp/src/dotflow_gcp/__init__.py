"""dotflow on Google Cloud: checkpoints in Cloud Storage.

Google's client is imported at the first request.
"""

from __future__ import annotations

from dotflow_gcp.storage import StorageGCS

__all__ = ["StorageGCS"]
