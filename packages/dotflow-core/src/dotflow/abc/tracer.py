"""`Tracer`: what records when runs and tasks began and ended."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.model.graph import Graph
    from dotflow.model.outcome import Around as Around
    from dotflow.model.outcome import Failure


class Tracer(ABC):
    """The base of every tracer.

    The first four methods must be written. The others tell more, or ask for something,
    and do nothing by default.

    Attributes:
        active: Whether the tracer does anything; one that does not is not called.
    """

    active: bool = True

    @abstractmethod
    def start_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Be told that a run has begun.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run: `mode`, `tasks_count`.
        """

    @abstractmethod
    def end_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Be told that a run has ended.

        Args:
            workflow_id: The workflow's id.
            kwargs: How it ended: `duration` in seconds, `failed`.
        """

    @abstractmethod
    def start_task(self, task: Any) -> None:
        """Be told that a task is about to run.

        Args:
            task: The `Task`.
        """

    @abstractmethod
    def end_task(self, task: Any) -> None:
        """Be told that a task has ended; its status, duration and errors are set.

        Args:
            task: The `Task`.
        """

    def start_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """Be told that a run has begun, and of what it consists.

        Args:
            workflow_id: The workflow's id.
            graph: Its tasks, and which of them wait for which; None if not known. Two
                runs at the same time have two graphs, even of the same workflow.
            kwargs: As for `start_workflow`, which this calls by default.
        """
        self.start_workflow(workflow_id, **kwargs)

    def end_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """Be told that a run has ended.

        Args:
            workflow_id: The workflow's id.
            graph: What `start_run` was given.
            kwargs: As for `end_workflow`, which this calls by default.
        """
        self.end_workflow(workflow_id, **kwargs)

    def start_attempt(self, task: Any) -> None:  # noqa: B027 - to hear of it is optional
        """Be told that an attempt begins; for the first one after `start_task`.

        Args:
            task: The `Task`; its `attempt` is the number, from 1.
        """

    def end_attempt(  # noqa: B027 - as start_attempt
        self, task: Any, failure: Failure | None = None, delay: float | None = None
    ) -> None:
        """Be told that an attempt has ended; for the last one before `end_task`.

        Args:
            task: The `Task`.
            failure: Why it failed; None if it succeeded.
            delay: Seconds until the next attempt; None if there is no other one.
        """

    def around(self, task: Any) -> Around | None:
        """Return what to enter around the attempt that comes, where it runs.

        Args:
            task: The `Task`.

        Returns:
            A callable that returns a context manager, or None. For an attempt in
            another process it is pickled; there it must find what it needs by itself.
        """
        return None
