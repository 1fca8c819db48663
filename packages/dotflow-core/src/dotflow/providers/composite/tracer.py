"""`CompositeTracer`: several tracers as one."""

from __future__ import annotations

from dotflow.abc.tracer import Tracer
from dotflow.base.fan_out import FanOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any

    from dotflow.model.graph import Graph
    from dotflow.model.outcome import Around, Failure


class CompositeTracer(FanOut, Tracer):  # type: ignore[override]
    """Tells everything to several tracers; see `FanOut`.

    Args:
        parts: The tracers.
    """

    def start_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Tell that a run has begun.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run.
        """
        self.tell("start_workflow", workflow_id, **kwargs)

    def end_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Tell that a run has ended.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run.
        """
        self.tell("end_workflow", workflow_id, **kwargs)

    def start_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """Tell that a run has begun, and of what it consists.

        Args:
            workflow_id: The workflow's id.
            graph: Its tasks, and which of them wait for which.
            kwargs: What is known of the run.
        """
        self.tell("start_run", workflow_id, graph, **kwargs)

    def end_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """Tell that a run has ended.

        Args:
            workflow_id: The workflow's id.
            graph: Its tasks, and which of them wait for which.
            kwargs: What is known of the run.
        """
        self.tell("end_run", workflow_id, graph, **kwargs)

    def start_task(self, task: Any) -> None:
        """Tell that a task is about to run.

        Args:
            task: The `Task`.
        """
        self.tell("start_task", task)

    def end_task(self, task: Any) -> None:
        """Tell that a task has ended.

        Args:
            task: The `Task`.
        """
        self.tell("end_task", task)

    def start_attempt(self, task: Any) -> None:
        """Tell that an attempt begins.

        Args:
            task: The `Task`.
        """
        self.tell("start_attempt", task)

    def end_attempt(
        self, task: Any, failure: Failure | None = None, delay: float | None = None
    ) -> None:
        """Tell that an attempt has ended.

        Args:
            task: The `Task`.
            failure: Why it failed; None if it succeeded.
            delay: Seconds until the next attempt; None if there is no other one.
        """
        self.tell("end_attempt", task, failure, delay)

    def around(self, task: Any) -> Around | None:
        """Return what goes around the attempt that comes: what any of them asks for.

        Args:
            task: The `Task`.
        """
        wanted: list[Around] = []
        for index, part in enumerate(self.parts):
            try:
                one = part.around(task) if part.active else None
            except Exception as error:  # noqa: BLE001 - telling never breaks running
                self._report(index, error)
            else:
                if one is not None:
                    wanted.append(one)
        return Arounds(wanted) if wanted else None


class Arounds:
    """What several tracers put around an attempt, one inside of the other.

    One that cannot be entered, or be sent to another process, is left out.

    Args:
        wanted: What each of them asked for.
    """

    def __init__(self, wanted: list[Around]) -> None:
        self._wanted = wanted

    def __call__(self) -> AbstractContextManager[Any]:
        """Enter them all, and return what leaves them all."""
        from contextlib import ExitStack

        from dotflow.abc.around import entered

        stack = ExitStack()
        for around in self._wanted:
            stack.enter_context(entered(around))
        return stack

    def __getstate__(self) -> list[bytes | None]:
        from dotflow.abc.around import pack_around

        # Each by itself: one that cannot be pickled must not cost the others.
        return [pack_around(around) for around in self._wanted]

    def __setstate__(self, state: list[bytes | None]) -> None:
        from dotflow.abc.around import unpack_around

        found = map(unpack_around, state)
        self._wanted = [around for around in found if around is not None]
