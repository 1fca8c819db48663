"""What 1.x kept of a workflow's inputs, by hand: a fingerprint under a key of its own.

A run of 2 keeps each result's fingerprint beside the result and reads none of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.model.context import Context
from dotflow.model.fingerprint import fingerprint_of as fingerprint_of

if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.abc.storage import Storage

FP_KEY_SUFFIX = "-_input_fp"


def fp_key(workflow_id: UUID | str) -> str:
    """Return the key of a workflow's fingerprint.

    Args:
        workflow_id: The workflow's id.
    """
    return f"{workflow_id}{FP_KEY_SUFFIX}"


def read_fingerprint(storage: Storage, workflow_id: UUID | str) -> str | None:
    """Return what `write_fingerprint` kept, None if there is nothing.

    Args:
        storage: Where it was kept.
        workflow_id: The workflow's id.
    """
    found = storage.get(fp_key(workflow_id)).storage
    return None if found is None else str(found)


def write_fingerprint(storage: Storage, workflow_id: UUID | str, value: str) -> None:
    """Keep a fingerprint.

    Args:
        storage: Where to.
        workflow_id: The workflow's id.
        value: The fingerprint, as of `fingerprint_of`.
    """
    storage.post(fp_key(workflow_id), Context(storage=value))
