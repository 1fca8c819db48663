"""The words that dotflow speaks: modes, statuses, policies."""

from __future__ import annotations


class TypeExecution:
    """The built-in values of `start(mode=…)`."""

    SEQUENTIAL = "sequential"
    SEQUENTIAL_GROUP = "sequential_group"
    BACKGROUND = "background"
    PARALLEL = "parallel"
    THREADS = "threads"
    ASYNC = "async"


class TypeStatus:
    """The values of `task.status`."""

    NOT_STARTED = "Not started"
    IN_PROGRESS = "In progress"
    COMPLETED = "Completed"
    PAUSED = "Paused"
    RETRY = "Retry"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    CANCELLED = "Cancelled"

    @classmethod
    def get_symbol(cls, value: str) -> str:
        """Return the one-character symbol of a status, or `""` for an unknown one."""
        return _SYMBOLS.get(value, "")


_SYMBOLS = {
    TypeStatus.NOT_STARTED: "⚪",
    TypeStatus.IN_PROGRESS: "🔵",
    TypeStatus.COMPLETED: "✅",
    TypeStatus.PAUSED: "◼️",
    TypeStatus.RETRY: "❗",
    TypeStatus.FAILED: "❌",
    TypeStatus.SKIPPED: "⏭️",
    TypeStatus.CANCELLED: "🚫",
}


class TypeOutcome:
    """The values of `task.outcome`: how a task ended, finer than its status.

    `FAILED`, `CRASHED` and `TIMEOUT` all have the status `"Failed"`: the user's code
    raised, its process died, its time ran out.
    """

    COMPLETED = "Completed"
    FAILED = "Failed"
    CRASHED = "Crashed"
    TIMEOUT = "Timeout"
    CANCELLED = "Cancelled"
    SKIPPED = "Skipped"


class WorkflowStatus:
    """The states of a whole workflow."""

    NEW = "New"
    IN_PROGRESS = "In progress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    CRASHED = "Crashed"


class TypeOverlap:
    """What a scheduler does when a tick comes while a run goes on."""

    SKIP = "skip"
    QUEUE = "queue"
    PARALLEL = "parallel"


class TypeStorage:
    """The storages that the command line knows by name."""

    DEFAULT = "default"
    FILE = "file"
    SQLITE = "sqlite"
    S3 = "s3"
    GCS = "gcs"


class TypeInputChange:
    """The values of `start(on_input_change=…)`."""

    REUSE = "reuse"
    RESET = "reset"
    RAISE = "raise"


VALID_POLICIES = (TypeInputChange.REUSE, TypeInputChange.RESET, TypeInputChange.RAISE)
