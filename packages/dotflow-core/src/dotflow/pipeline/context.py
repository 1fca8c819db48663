"""`RunContext`: what a run gives to all its tasks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dotflow.errors import DotflowError

if TYPE_CHECKING:
    import threading

DepsT = TypeVar("DepsT")

_FIELDS = frozenset(("deps", "metadata", "_deadline_monotonic_s", "_cancel_event"))


class RunCancelledError(DotflowError, RuntimeError):
    """The cancel event of the run's context is set."""


@dataclass(frozen=True, slots=True)
class RunContext(Generic[DepsT]):
    """Typed dependencies of a run, with metadata, a deadline and a cancel event.

    A task receives it through any parameter annotated `RunContext` or
    `RunContext[Deps]`. Attributes that it does not have are those of `deps`, or its
    keys where `deps` is a mapping.

    A deadline and a cancel event stop nothing by themselves: a task asks for them, and
    may end in good order. What stops tasks is `run_once(deadline=…)` and
    `Pipeline.cancel`. A task in a process of its own sees the deadline, not the event.
    A task with a `timeout_s` sees a deadline no later than that.

    Args:
        deps: Anything the tasks need: settings, clients, connections.
        metadata: What the report of the run shows.
    """

    deps: DepsT
    metadata: Mapping[str, Any] = field(default_factory=dict)
    _deadline_monotonic_s: float | None = field(default=None, repr=False)
    _cancel_event: threading.Event | None = field(default=None, repr=False)

    def with_metadata(
        self, metadata: Mapping[str, Any] | None = None, /, **entries: Any
    ) -> RunContext[DepsT]:
        """Return a copy with more metadata.

        Args:
            metadata: Entries of any name.
            **entries: Further ones.
        """
        return replace(self, metadata={**self.metadata, **(metadata or {}), **entries})

    def with_deadline_s(self, timeout_s: float | None) -> RunContext[DepsT]:
        """Return a copy whose time is over in `timeout_s` seconds.

        Args:
            timeout_s: Of this deadline and one that it has already, the earlier counts;
                None leaves it as it is.
        """
        if timeout_s is None:
            return self
        due = time.monotonic() + max(timeout_s, 0.0)
        former = self._deadline_monotonic_s
        if former is not None and former <= due:
            return self
        return replace(self, _deadline_monotonic_s=due)

    def with_cancel_event(
        self, cancel_event: threading.Event | None
    ) -> RunContext[DepsT]:
        """Return a copy that counts as cancelled once `cancel_event` is set."""
        return replace(self, _cancel_event=cancel_event)

    def has_deadline(self) -> bool:
        """Say whether there is a deadline."""
        return self._deadline_monotonic_s is not None

    def time_remaining_s(self) -> float | None:
        """Return the seconds until the deadline, at least 0; None without one."""
        if self._deadline_monotonic_s is None:
            return None
        return max(0.0, self._deadline_monotonic_s - time.monotonic())

    def deadline_exceeded(self) -> bool:
        """Say whether the deadline has passed."""
        return self.time_remaining_s() == 0.0

    def cancelled(self) -> bool:
        """Say whether the cancel event is set, or the deadline has passed."""
        return self._is_set() or self.deadline_exceeded()

    def raise_if_cancelled(self) -> None:
        """Give up where the run was cancelled or its time is over.

        Raises:
            RunCancelledError: The cancel event is set.
            TimeoutError: The deadline has passed.
        """
        if self.deadline_exceeded():
            raise TimeoutError("The deadline of the run has passed.")
        if self._is_set():
            raise RunCancelledError("The run was cancelled: its cancel event is set.")

    def _is_set(self) -> bool:
        return self._cancel_event is not None and self._cancel_event.is_set()

    def __getattr__(self, item: str) -> Any:
        # While it is unpickled it has no fields yet, and asking them would not end.
        if item in _FIELDS or item.startswith("__"):
            raise AttributeError(item)
        deps = self.deps
        if isinstance(deps, Mapping) and item in deps:
            return deps[item]
        return getattr(deps, item)

    def __reduce__(self) -> Any:
        # An event belongs to its process.
        return (
            RunContext,
            (self.deps, dict(self.metadata), self._deadline_monotonic_s),
        )
