"""`ActiveRuns`: the runs of an engine that go on, and how they are ended early."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dotflow.base.liveness import host_and_pid, is_alive, process_token
from dotflow.engine.control import CancelRequests
from dotflow.errors import StorageError, WorkflowAlreadyRunning
from dotflow.types import TypeIfRunning

if TYPE_CHECKING:
    from dotflow.engine.control import Control
    from dotflow.pipeline.services import Services
    from dotflow.pipeline.state import StateStoreProtocol

# How often whoever waits for a run of another process looks whether it has ended.
_LOOK_SECONDS = 0.2


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

    def until_ended(
        self, run_id: str, if_running: str | None
    ) -> Generator[float, None, bool]:
        """Wait for the end of a run that another is to go on from.

        Only where it is known to go on: here, or in a living process of this machine.

        Args:
            run_id: The run.
            if_running: A `TypeIfRunning`: what to do about it; None to raise.

        Returns:
            Whether it has ended. As in `taking` it yields how long to wait.

        Raises:
            WorkflowAlreadyRunning: It goes on.
        """
        asked = False
        while (process := self._process_of(run_id)) is not None:
            if if_running == TypeIfRunning.SKIP:
                return False
            if if_running not in (TypeIfRunning.WAIT, TypeIfRunning.CANCEL):
                host, pid = host_and_pid(process)
                raise WorkflowAlreadyRunning(
                    run_id, f"process {pid} on host {host} runs it"
                )
            if if_running == TypeIfRunning.CANCEL and not asked:
                asked = True
                self.cancel(run_id, "another run is to go on from it")
            yield _LOOK_SECONDS
        return True

    def _process_of(self, run_id: str) -> str | None:
        if run_id in self._controls:
            return process_token()
        owner_of = getattr(self._store, "owner_of", None)  # not every user's own has it
        owner: str | None = None if owner_of is None else owner_of(run_id)
        # What this process has not begun by this object is not known to go on.
        if owner in (None, process_token()) or not is_alive(str(owner)):
            return None
        return owner

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
        requests = CancelRequests.of(storage, run_id)
        if requests is None:
            raise StorageError(
                f"Run {run_id} goes on in another process, and {type(storage).__name__}"
                " is not shared with it: give the pipelines of both one storage, as"
                " Pipeline(…, storage=StorageSQLite(…))."
            )
        requests.post(reason)
