"""What a pipeline asks of its state store, and what a store may offer beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from dotflow.pipeline.run_state import RunRecord


class StateStoreProtocol(Protocol):
    """What a pipeline asks of its state store; see `InMemoryStateStore`."""

    def create_run(
        self,
        run_id: str,
        dag_name: str,
        task_names: list[str],
        metadata: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        """Begin a run."""

    def create_resumed_run(
        self,
        run_id: str,
        prev_run_id: str,
        dag_name: str,
        task_names: list[str],
        reset_tasks: set[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        """Begin a run that keeps what another has completed."""

    def get_run(self, run_id: str) -> RunRecord:
        """Return a run."""

    def mark_running(self, run_id: str, task_name: str) -> None:
        """Note that an attempt begins."""

    def mark_success(self, run_id: str, task_name: str, result: object) -> None:
        """Keep a result."""

    def mark_failed(self, run_id: str, task_name: str, err: str) -> None:
        """Note that an attempt failed."""

    def mark_skipped(self, run_id: str, task_name: str, reason: str) -> None:
        """Note that a task will not run."""

    def mark_retry(self, run_id: str, task_name: str) -> None:
        """Note that another attempt follows."""

    def finalize_run_if_done(self, run_id: str) -> None:
        """Note the end of a run whose tasks have all ended."""


@runtime_checkable
class ItemStateStore(Protocol):
    """A state store that keeps the results of the items of a mapped task.

    It is optional. With it a resumed run does not repeat the items that were completed,
    as long as their source is not made again. Without it a mapped task that did not
    succeed maps all its items again.

    Two more promises belong to it. `create_resumed_run` gives the new run the items of
    each task that is not in `reset_tasks`, in the same step in which the run begins.
    `mark_success` of the task may forget its items.
    """

    def mark_item_success(
        self, run_id: str, task_name: str, index: int, result: object
    ) -> None:
        """Keep the result of an item; `index` counts from 0.

        Raises:
            StorageError: It cannot be stored.
        """

    def get_item(self, run_id: str, task_name: str, index: int) -> Any:
        """Return the result of an item.

        Raises:
            KeyError: There is none.
            StorageError: The store, or the result in it, cannot be read.
        """
