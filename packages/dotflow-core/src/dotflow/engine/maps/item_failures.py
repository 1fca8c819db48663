"""`ItemFailures`: what is noted of the items of a mapped task that failed."""

from __future__ import annotations

from dotflow.model.items import MAX_ERRORS
from dotflow.model.outcome import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.model.items import Item, MapProgress
    from dotflow.model.task import TaskInstance


class ItemFailures:
    """The failures of items: the first ones whole, and what they come to.

    Args:
        task: The mapped task, whose `errors` they are noted in.
    """

    __slots__ = ("_first", "_index", "_task")

    def __init__(self, task: TaskInstance) -> None:
        self._task = task
        self._first: Failure | None = None
        # The place of the item that failed first; None for the items themselves.
        self._index: int | None = None

    def __bool__(self) -> bool:
        return self._first is not None

    @property
    def noted(self) -> bool:
        """Whether the task's errors tell already what it fails with."""
        return self._index is not None

    def note(self, item: Item, failure: Failure, finished: float) -> None:
        """Note in the task's errors that an attempt of an item has failed."""
        errors = self._task.errors
        if len(errors) >= MAX_ERRORS:
            return
        from dotflow.model.task_error import TaskError

        error = TaskError.from_failure(failure, item.attempt)
        error.index = item.index
        error.message = f"item {item.index}: {failure.message}"
        error.started, error.finished = item.started or None, finished
        errors.append(error)

    def add(self, item: Item, failure: Failure) -> None:
        """Have the task fail: an item has failed for good."""
        if self._first is None:
            self._first, self._index = failure, item.index

    def add_source(self, failure: Failure) -> None:
        """Have the task fail: the items have ended with an error."""
        self._first, self._index = failure, None

    def summary(self, over: str, progress: MapProgress, count: int) -> Failure:
        """Return what the task as a whole fails with.

        Args:
            over: The task whose items they are.
            progress: How many items failed.
            count: How many items were taken.
        """
        first = self._first
        assert first is not None
        if self._index is None:
            text = f"The items of task '{over}' ended with {first.exception}: "
        else:
            total = count if progress.total is None else progress.total
            text = f"{progress.failed} of {total} items failed; item {self._index}: "
        summary = Failure(
            first.kind, first.exception, text + first.message, first.traceback
        )
        summary.error, summary.retryable = first.error, False
        summary.exit_code = first.exit_code
        return summary
