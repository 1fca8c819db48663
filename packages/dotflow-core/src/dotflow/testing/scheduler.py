"""`SchedulerContract`: what every scheduler must do."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from dotflow.abc.scheduler import Scheduler
from dotflow.testing._provider import ProviderContract


class _Started(threading.Thread):
    """A scheduler that was started, and the error that ended it."""

    def __init__(
        self, scheduler: Scheduler, workflow: Any, kwargs: dict[str, Any]
    ) -> None:
        super().__init__(daemon=True)
        self.error: BaseException | None = None
        self._begin = partial(scheduler.start, workflow, **kwargs)

    def run(self) -> None:
        """Run the scheduler until it is stopped."""
        try:
            self._begin()
        except BaseException as error:  # noqa: BLE001 - part of what the suite reports
            self.error = error


class SchedulerContract(ProviderContract):
    """Tests of a `Scheduler`, for pytest and, as a mixin, for `unittest.TestCase`.

    Example:
        ```python
        class TestMine(SchedulerContract):
            def make_scheduler(self) -> Scheduler:
                return Mine(seconds=0.01)
        ```

    Attributes:
        time_limit: Seconds until the first tick, and until `stop` takes effect.
        ticks: Whether the scheduler runs anything within the time limit.
        survives: Whether it goes on after a run that raises.
    """

    ticks: bool = True
    survives: bool = True

    def make_scheduler(self) -> Scheduler:
        """Return a new scheduler. Override this."""
        raise NotImplementedError

    def test_calls_the_workflow_until_stopped(self) -> None:
        """`start` calls the workflow with its arguments and returns after `stop`."""
        scheduler = self.make_scheduler()
        called = threading.Event()
        seen: list[dict[str, Any]] = []

        def workflow(**kwargs: Any) -> None:
            seen.append(kwargs)
            called.set()

        thread = self._start(scheduler, workflow, mode="sequential")
        if self.ticks:
            assert called.wait(self.time_limit), "the workflow was not called"
            assert seen[0] == {"mode": "sequential"}
        self._stop(scheduler, thread)

    def test_survives_a_workflow_that_raises(self) -> None:
        """A run that raises is not the last one."""
        if not (self.ticks and self.survives):
            return
        scheduler = self.make_scheduler()
        again = threading.Event()
        calls: list[int] = []

        def workflow(**_kwargs: Any) -> None:
            calls.append(1)
            if len(calls) > 1:
                again.set()
            raise ValueError("this run fails")

        thread = self._start(scheduler, workflow)
        assert again.wait(2 * self.time_limit), "there was no run after the failed one"
        self._stop(scheduler, thread)

    def test_trigger_begins_a_run(self) -> None:
        """`trigger`, where the scheduler has it, begins a run at once."""
        scheduler = self.make_scheduler()
        if type(scheduler).trigger is Scheduler.trigger:
            return
        called = threading.Event()
        thread = self._start(scheduler, lambda **_kwargs: called.set())
        # One that comes before `start` has set itself up is answered so.
        for _ in range(10):
            asked = scheduler.trigger()
            if called.wait(self.time_limit / 10) and asked:
                break
        assert called.is_set(), "no run was begun"
        self._stop(scheduler, thread)

    def _make(self) -> Scheduler:
        return self.make_scheduler()

    def _use(self, provider: Any) -> None:
        thread = self._start(provider, lambda **_kwargs: None)
        self._stop(provider, thread)

    def _start(self, scheduler: Scheduler, workflow: Any, **kwargs: Any) -> _Started:
        started = _Started(scheduler, workflow, kwargs)
        started.start()
        return started

    def _stop(self, scheduler: Scheduler, thread: _Started) -> None:
        # A `stop` that comes before `start` has set itself up may be lost: once more.
        for _ in range(10):
            self.call(scheduler.stop)
            thread.join(self.time_limit / 10)
            if not thread.is_alive():
                assert thread.error is None, f"start raised {thread.error!r}"
                return
        raise AssertionError(f"start went on for {self.time_limit} s after stop")
