"""How a worker stores a large result itself, in place of sending it to the run."""

from __future__ import annotations

import pickle

from dotflow.model.held import Errand
from dotflow.model.items import ItemKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.abc.storage import Fence, Storage
    from dotflow.model.task import TaskInstance
    from dotflow.types import Reach


def storage_errands(
    storage: Storage,
    reach: Reach,
    fence: Fence | None,
    run_id: str | None,
    lineage_of: Callable[[int], str] | None,
) -> Callable[[TaskInstance, int], Errand] | None:
    """Return what tells a worker how to store; see `Checkpoints.errands`.

    Args:
        storage: Where results are stored.
        reach: How far away a worker may be.
        fence: What each write needs; None where no other run is kept out.
        run_id: The run that the results belong to.
        lineage_of: Returns what the result of a node is made from; None where nobody
            asks.
    """
    if storage.reach != "network" and storage.reach != reach:
        _tell_stored_here(storage)
        return None
    try:
        packed = pickle.dumps(storage, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - a storage of a user's own
        _tell_stored_here(storage)
        return None

    def errand(task: TaskInstance, node: int) -> Errand:
        lineage = None if lineage_of is None else lineage_of(node)
        origin = (task.task_id, task.workflow_id, run_id, lineage)
        index = getattr(node, "index", None)
        key = storage.key(task if index is None else ItemKey(task, index))
        return Errand(packed, key, fence, origin)

    return errand


def _tell_stored_here(storage: Storage) -> None:
    from dotflow.logging import logger

    logger.info(
        "%s cannot be written from the workers: large results come here to be stored.",
        type(storage).__name__,
    )
