"""What the parts of `HistoryContract` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.config.config import Config
from dotflow.model.action import Action
from dotflow.testing.fakes import RecordingLog
from dotflow.testing.storage_base import StorageSuite
from dotflow.workflow.dotflow import DotFlow

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.abc.history import History
    from dotflow.abc.storage import Storage
    from dotflow.types import ModeName
    from dotflow.workflow.manager import Manager

HOSTILE = "a\0b\x1b[31m\x1b]0;title\x07\udc80\u202e 2026-01-01 RunFinished\r\n"
"""A text that a terminal, a database or a file may take for something else."""


class HistorySuite(StorageSuite):
    """The settings of a history's tests; see `HistoryContract`."""

    seconds: float = 0.0

    def history(self) -> tuple[Storage, History]:
        """Return a new storage, and its history."""
        storage = self.make_storage()
        history = storage.history
        assert history is not None, f"{type(storage).__name__} has no history"
        return storage, history


def run(
    storage: Storage,
    *steps: Callable[..., Any],
    names: tuple[str, ...] = (),
    mode: ModeName = "sequential",
    resume: bool = False,
    **options: Any,
) -> Manager:
    """Run a workflow of these steps, one after the other, in silence."""
    workflow = DotFlow(Config(storage=storage, log=RecordingLog()), **options)
    for index, step in enumerate(steps):
        name = names[index] if names else step.__name__
        action = step if isinstance(step, Action) else Action(step)
        workflow.task.add(action, name=name)
    return workflow.start(mode=mode, resume=resume)


def one() -> int:
    """Return something."""
    return 1


def fail() -> None:
    """Fail."""
    raise ValueError("no luck with 42")
