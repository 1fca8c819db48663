"""The words that dotflow speaks: modes, statuses, policies."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal

    # What type checkers know the choices by. An executor that somebody else has
    # registered is given to them as a `cast`, or as the class itself.
    ModeName = Literal[
        "sequential",
        "sequential_group",
        "background",
        "parallel",
        "threads",
        "async",
        "futures",
        "dask",
        "ray",
    ]
    InputChange = Literal["reuse", "reset", "raise"]
    CodecName = Literal["json", "pickle"]
    IfRunning = Literal["raise", "wait", "skip", "cancel"]
    LevelName = Literal[
        "DEBUG", "INFO", "WARNING", "ERROR", "debug", "info", "warning", "error"
    ]
    LogOutput = Literal["console", "file", "both"]
    LogFormat = Literal["simple", "json"]
    Synchronous = Literal["FULL", "NORMAL", "EXTRA", "OFF"]
    Overlap = Literal["skip", "queue", "parallel"]
    Reach = Literal["process", "host", "network"]
    TTL = float | None  # seconds until a key is gone; None for never
    Digest = str | None  # what a value was made from, as a text; None where untold


class TypeExecution:
    """The built-in values of `start(mode=…)`."""

    SEQUENTIAL: Final = "sequential"
    SEQUENTIAL_GROUP: Final = "sequential_group"
    BACKGROUND: Final = "background"
    PARALLEL: Final = "parallel"
    THREADS: Final = "threads"
    ASYNC: Final = "async"
    FUTURES: Final = "futures"


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
    SKIPPED = "Skipped"


class StartedBy:
    """What starts a run: a person, a program, a clock, an event, a step, another try."""

    COMMAND = "command"
    SCRIPT = "script"
    SCHEDULE = "schedule"
    HANDLER = "handler"
    WORKFLOW = "workflow"
    RETRY = "retry"


class ScheduleStatus:
    """Where a schedule stands.

    `ACTIVE`: a process lives that begins its runs. `PAUSED`: it lives, and begins none.
    `STOPPED`: it has ended in good order. `CRASHED`: it is gone without a word.
    `MISSED`: that, or it hangs, and a time has passed at which a run was due.
    """

    ACTIVE = "Active"
    PAUSED = "Paused"
    STOPPED = "Stopped"
    CRASHED = "Crashed"
    MISSED = "Missed"


class TypeOverlap:
    """What a scheduler does when a tick comes while a run goes on."""

    SKIP: Final = "skip"
    QUEUE: Final = "queue"
    PARALLEL: Final = "parallel"


class TypeStorage:
    """The storages that the command line knows by name."""

    DEFAULT = "default"
    FILE = "file"
    SQLITE = "sqlite"
    S3 = "s3"
    GCS = "gcs"


class TypeInputChange:
    """The values of `start(on_input_change=…)`."""

    REUSE: Final = "reuse"
    RESET: Final = "reset"
    RAISE: Final = "raise"


class TypeIfRunning:
    """The values of `start(if_running=…)`."""

    RAISE: Final = "raise"
    WAIT: Final = "wait"
    SKIP: Final = "skip"
    CANCEL: Final = "cancel"


IF_RUNNING = (
    TypeIfRunning.RAISE,
    TypeIfRunning.WAIT,
    TypeIfRunning.SKIP,
    TypeIfRunning.CANCEL,
)
VALID_POLICIES = (TypeInputChange.REUSE, TypeInputChange.RESET, TypeInputChange.RAISE)
