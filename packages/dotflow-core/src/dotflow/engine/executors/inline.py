"""Runs attempts one at a time in the calling thread."""

from __future__ import annotations

import threading
import time

from dotflow.abc.executor import Executor
from dotflow.base.coroutines import cancel_coroutine
from dotflow.base.thread_error import raise_in_thread
from dotflow.engine.attempt import run_attempt
from dotflow.engine.executors.isolated import (
    check_isolated,
    needs_process,
    run_isolated,
)
from dotflow.engine.timeout import can_interrupt_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance


class InlineExecutor(Executor):
    """The executor of `sequential` and `background`.

    An attempt gets a process of its own where the step asks for it (`isolate=True`), or
    where its timeout could not stop it in this thread.
    """

    blocks = in_process = True
    _can_interrupt = _some_apart = False
    _interruption: Interruption | None = None

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Check what needs a process; one is made only for an attempt."""
        # Most have none of these, and need not be asked.
        asking = [
            task
            for task in tasks
            if task.step.timeout or task.step.isolate or task.step.checked
        ]
        if asking:
            self._can_interrupt = can_interrupt_here()
            self._some_apart = check_isolated(asking, self._can_interrupt)
        self._interruption = Interruption()
        # Nothing is left to decide for each attempt, unless a tracer stands before it,
        # or a class of the user's own.
        own = (
            "submit" in self.__dict__ or type(self).submit is not InlineExecutor.submit
        )
        if not (own or self._some_apart):
            self.submit = run_attempt  # type: ignore[method-assign]

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Run the attempt to its end."""
        if self._some_apart and needs_process(attempt.task.step, self._can_interrupt):
            return run_isolated(attempt)
        return run_attempt(attempt)

    def wait(self, timeout: float | None) -> list[Outcome]:
        """Let the time before a further attempt pass."""
        if timeout:
            time.sleep(timeout)
        return []

    def interrupt(self, error: type[BaseException]) -> None:
        """Raise `error` in the thread that runs the attempt."""
        if self._interruption is not None:
            self._interruption.raise_there(error)

    def close(self, kill: bool = False) -> None:
        """Nothing outlives an attempt."""
        if self._interruption is not None:
            self._interruption.close()
            self._interruption = None


class Interruption:
    """A way to interrupt the thread that makes it.

    In the main thread on Unix it is the signal SIGURG, which is ignored by default and
    used by hardly anybody: it wakes whatever blocks. Elsewhere a coroutine is cancelled,
    and in other code the exception is raised when the thread next runs Python code
    (`PyThreadState_SetAsyncExc`).

    Args:
        may_raise: Says of where the signal came whether to raise the exception there;
            None for wherever it disturbs nothing.
    """

    def __init__(
        self, may_raise: Callable[[FrameType | None], bool] | None = None
    ) -> None:
        from dotflow.engine.signals import URGENT, getsignal, set_signal

        self._may_raise = may_raise
        self._thread = threading.get_ident()
        # Of a thread that may come again: a handler of a signal cancels a run, too.
        self._lock = threading.RLock()
        self._closed = self._hit = False
        self._error: type[BaseException] | None = None
        self._signal = URGENT
        self._set, self._outer = set_signal, None
        in_main = threading.current_thread() is threading.main_thread()
        if self._signal is None or not in_main:
            self._signal = None
            return
        self._outer = getsignal(self._signal)
        if self._outer in (0, 1):  # SIG_DFL, SIG_IGN
            self._set(self._signal, self._on_signal)
        else:
            self._signal = None  # the application's own

    @property
    def by_signal(self) -> bool:
        """Whether it is a signal."""
        return self._signal is not None

    def raise_there(self, error: type[BaseException]) -> None:
        """Raise `error` in the thread, unless it has closed; called from another one."""
        with self._lock:
            if not self._closed:
                self._raise(error)

    def _raise(self, error: type[BaseException]) -> None:
        self._error = error
        if self._signal is not None:
            import signal

            signal.pthread_kill(self._thread, self._signal)
        elif self._thread == threading.get_ident():
            return
        elif not cancel_coroutine(self._thread, error):
            from dotflow.engine.signals import is_in_step

            # Elsewhere the loop looks by itself, and would be hit in what it writes down.
            if is_in_step(self._thread):
                self._hit = True
                raise_in_thread(self._thread, error)

    def close(self) -> None:
        """Give the signal back; afterwards nothing is raised.

        What comes while it closes is raised: then it has to be called again.
        """
        with self._lock:
            self._closed, self._error = True, None
            if self._hit:
                self._hit = False
                raise_in_thread(self._thread, None)
        if self._signal is not None:
            self._set(self._signal, self._outer)
            self._signal = None

    def _on_signal(self, _number: int, frame: FrameType | None) -> None:
        if self._error is None:
            return
        if self._may_raise is None:
            from dotflow.engine.signals import raise_in

            raise_in(frame, self._error)
        elif self._may_raise(frame):
            raise self._error
