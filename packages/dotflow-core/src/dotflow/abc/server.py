"""`Server`: what reports workflows and tasks to a remote API."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dotflow.abc.history import Recorder
    from dotflow.abc.storage import Storage
    from dotflow.model.run_info import RunInfo

    Cancel = Callable[[str], None]
    """Ends a run, and is given the reason."""


class Server(ABC):
    """The base of every server client.

    A client may also offer `flush(timeout)`: it is called at the end of a run and waits
    until what was reported has arrived, at most `timeout` seconds.

    Attributes:
        active: Whether anything is reported; a client that does not is not called.
    """

    active: bool = True

    def follow(
        self, info: RunInfo, storage: Storage, written: bool, cancel: Cancel
    ) -> Recorder | None:
        """Hear that a run begins, before its first event.

        For a server that is told of runs event by event. The methods below are called all
        the same, and it need not make anything of them.

        Args:
            info: The run.
            storage: Its storage.
            written: Whether its history is written there.
            cancel: Ends the run, and is given the reason; from any thread.

        Returns:
            What is to hear the events of the run; None for nothing.
        """
        return None

    @abstractmethod
    def create_workflow(self, workflow: Any) -> None:
        """Report a new workflow.

        Args:
            workflow: The `DotFlow`.
        """

    @abstractmethod
    def update_workflow(self, workflow: Any, status: str = "") -> None:
        """Report the state of a workflow.

        Args:
            workflow: Its id, or the `DotFlow`.
            status: A `WorkflowStatus`.
        """

    @abstractmethod
    def create_task(self, task: Any) -> None:
        """Report a task that was added.

        Args:
            task: The `Task`.
        """

    @abstractmethod
    def update_task(self, task: Any) -> None:
        """Report the state of a task, at its start, its retries and its end.

        Args:
            task: The `Task`.
        """
