"""`ActiveRuns`: the runs of an engine that go on, and how they are ended early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dotflow.engine.control import CancelRequests
from dotflow.errors import StorageError

if TYPE_CHECKING:
    from dotflow.engine.control import Control
    from dotflow.pipeline.services import Services
    from dotflow.pipeline.state import StateStoreProtocol


class ActiveRuns:
    """The runs of an engine that go on.

    Args:
        store: Where runs are recorded.
        services: Where requests to runs of other processes are left.

    Attributes:
        cancels: How often all of them were cancelled.
    """

    def __init__(self, store: StateStoreProtocol, services: Services) -> None:
        self._store = store
        self._services = services
        self._controls: dict[str, Control] = {}
        self.cancels = 0

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._controls))

    @contextmanager
    def tracking(self, run_id: str, control: Control) -> Iterator[None]:
        """Count a run among them for the body of a `with`."""
        self._controls[run_id] = control
        try:
            yield
        finally:
            del self._controls[run_id]

    def cancel(self, run_id: str | None, reason: str) -> None:
        """End one run, or all of them; see `Dags.cancel`.

        Raises:
            KeyError: There is no run of this id.
            StorageError: It is another process's, and the storage is not shared.
        """
        if run_id is None:
            self.cancels += 1
            for control in list(self._controls.values()):
                control.cancel(reason)
            return
        own = self._controls.get(run_id)
        if own is not None:
            own.cancel(reason)
            return
        if self._store.get_run(run_id).finished_at is not None:
            return
        storage = self._services.storage
        if not storage.shared:
            raise StorageError(
                f"Run {run_id} goes on in another process, and {type(storage).__name__}"
                " is not shared with it: give the pipelines of both one storage, as"
                " Pipeline(…, storage=StorageSQLite(…))."
            )
        CancelRequests(storage, run_id).post(reason)
