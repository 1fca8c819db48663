"""`OtherRuns`: what a run has to do with those beside it, also of other processes."""

from __future__ import annotations

import time

from dotflow.engine.control import CancelRequests, Control
from dotflow.errors import SwapNotSupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from uuid import UUID

    from dotflow.abc.storage import Storage
    from dotflow.engine.lease import Lease
    from dotflow.model.events import EventBus
    from dotflow.model.options import RunOptions

# How often a request to cancel is looked for where each look is a request to a cloud.
SELDOM_SECONDS = 10.0


class OtherRuns:
    """Keeps other runs out, if that is asked for, and hears their requests.

    Args:
        storage: What all of them share.
        options: What the run was given: its deadline, and what to do about another one.
        run_id: The id of the run.
        cancelled_by: What requests to cancel it name; None where none can know it.
        bus: Who is told of a storage that fails.

    Attributes:
        control: What ends the run.
        requests: Those of other processes to cancel it; None where none can be left.
        looked_for: Whether others can ask for its end by the id of the run alone, which
            `look` looks for.
        lease: What keeps other runs of its workflow id out; None where nothing does.
    """

    def __init__(
        self,
        storage: Storage,
        options: RunOptions,
        run_id: str,
        cancelled_by: UUID | str | None,
        bus: EventBus,
    ) -> None:
        self._storage = storage
        self._if_running = options["if_running"]
        self._run_id = run_id
        self._cancelled_by = cancelled_by
        self._bus = bus
        self._next_look = 0.0
        self.lease: Lease | None = None
        self._held: list[Lease] = []
        # Nobody else can ask for it of an id that nobody else knows.
        self.requests: CancelRequests | None = None
        if cancelled_by is not None:
            self.requests = CancelRequests.of(storage, cancelled_by)
        self.looked_for = self.requests is None and storage.shared
        self.control = Control(
            options["deadline"], None if self.requests is None else self.requested
        )

    def hold(
        self, name: UUID | str | None, fixed: bool, shared_by: object = None
    ) -> Generator[float, None, bool]:
        """Keep other runs from going on at the same time, if that is asked for.

        Args:
            name: What must not run twice at once.
            fixed: Whether another process can know it, so that it matters by default.
            shared_by: Whose runs may go on beside this one; None for nobody's.

        Returns:
            Whether this run may begin. As in `taking` it yields how long to wait.

        Raises:
            WorkflowAlreadyRunning: Another one goes on.
            StorageError: The storage failed, or cannot tell.
        """
        storage, if_running = self._storage, self._if_running
        storage.revisit()
        matters = fixed and storage.persistent and storage.fenced
        if name is None or (if_running is None and not matters):
            return True
        from dotflow.engine import lease as leases

        lease = leases.run_lease(storage, name, self._cancelled_by)
        lease.shared_by = shared_by
        until = self.control.real_until
        try:
            held = yield from leases.taking(lease, storage, name, if_running, until)
        except SwapNotSupported as error:
            if if_running is not None:
                raise
            self._bus.report("The lease that keeps other runs out", error)
            return True
        if held is not None:
            self.lease = self.lease or held
            self._held.append(held)
            held.enders.append(self.control.cancel)
        return held is not None

    def let_go(self) -> None:
        """Let another run begin; a second call does nothing."""
        self.lease = None
        while self._held:
            lease = self._held.pop()
            lease.enders.remove(self.control.cancel)
            try:
                lease.release()
            except Exception as error:  # noqa: BLE001 - the run itself has ended well
                self._bus.report(type(self._storage).__name__, error)

    def requested(self) -> str | None:
        """Return why another process asks for the end of the run, if one does."""
        try:
            if not all(lease.beat() for lease in self._held):
                return "its lease was lost: another run has taken over"
            if self.requests is None or time.monotonic() < self._next_look:
                return None
            if not self._storage.shared:  # where each look costs
                self._next_look = time.monotonic() + SELDOM_SECONDS
            return self.requests.read()
        except Exception as error:  # noqa: BLE001 - asking never breaks running
            self._bus.report(type(self._storage).__name__, error)
            return None

    def look(self) -> None:
        """End the run if another process asks for that by its id.

        Its workflow id is a random one, so only who reads the history knows of it: then
        what writes that down looks, and a run without a history pays nothing.
        """
        try:
            requests = CancelRequests(self._storage, self._run_id)
            reason = requests.read()
            if reason is not None:
                requests.clear()
                self.control.cancel(reason)
        except Exception as error:  # noqa: BLE001 - asking never breaks running
            self._bus.report(type(self._storage).__name__, error)
