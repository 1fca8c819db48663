"""`ExecutorContract`: what a run promises, in whatever mode it runs."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

from dotflow.config.config import Config
from dotflow.pipeline.pipeline import Pipeline
from dotflow.providers.storage_sqlite import StorageSQLite
from dotflow.testing import executor_steps as steps
from dotflow.testing.fakes import RecordingLog, RecordingMetrics, RecordingTracer
from dotflow.types import TypeOutcome, WorkflowStatus
from dotflow.workflow.dotflow import DotFlow

# What a condition is waited for at the very most.
PATIENCE = 60.0


class ExecutorContract:
    """Runs small workflows in one mode; a subclass says which.

    Attributes:
        elsewhere: Whether attempts run in other processes, which can die by themselves.
        stops: Whether what runs can be stopped.
        spares: Whether the death of a worker costs nobody else an attempt.
        live: Whether what a step tells is heard before its end.
        pipelines: Whether a `Pipeline` can run in the mode.
        items: How many items the map has.
        size: How many bytes the large value has.
    """

    elsewhere: bool = True
    stops: bool = True
    spares: bool = True
    live: bool = True
    pipelines: bool = True
    items: int = 200
    size: int = 2_000_000

    def mode(self) -> Any:
        """Return what `start(mode=…)` is given."""
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """Return what `start` is given beside it."""
        return {}

    def start(self, workflow: DotFlow, **options: Any) -> Any:
        """Run a workflow to its end."""
        given = {**self.options(), **options}
        run = workflow.start(mode=self.mode(), **given)
        assert run.wait(PATIENCE), "the run has not come to its end"
        return run

    def run(self, *tasks: Any, initial: Any = None, **options: Any) -> list[Any]:
        """Run steps that know nothing of each other; return their tasks."""
        workflow = DotFlow()
        for number, step in enumerate(tasks):
            workflow.task.add(
                step, initial_context=initial, name=f"t{number}", depends_on=[]
            )
        self.start(workflow, keep_going=True, **options)
        return workflow.result_task()

    def test_values_follow_edges(self) -> None:
        """A task gets what those upstream returned, by name and as one context."""
        workflow = DotFlow()
        workflow.task.add(steps.one)
        workflow.task.add(steps.two, depends_on=["one"])
        workflow.task.add(steps.three, depends_on=["one", "two"])
        self.start(workflow)
        assert workflow.result_storage() == [1, 2, [3, {"one": 1, "two": 2}]]

    def test_a_map_and_what_follows_it(self) -> None:
        """Each item is an attempt, and the results come in the order of the items."""
        workflow, count = DotFlow(), self.items
        workflow.task.add(steps.numbers, initial_context=count)
        workflow.task.add(steps.square, map_over="numbers")
        workflow.task.add(steps.total, depends_on=["square"])
        self.start(workflow)
        squares = [number * number for number in range(count)]
        assert list(workflow.result_storage()[1]) == squares
        assert workflow.result_storage()[2] == sum(squares)

    def test_kinds_of_steps(self) -> None:
        """A coroutine, a generator and a step in a process of its own give their values."""
        tasks = self.run(steps.awaited, steps.generated, steps.apart)
        values = [task.current_context.storage for task in tasks]
        assert values[0] == "awaited"
        assert list(values[1]) == [1, 2, 3]
        assert values[2] != os.getpid(), [task.errors for task in tasks]

    def test_retries_are_counted(self) -> None:
        """An attempt that fails is made again as its step says, and each is in the report."""
        with folder() as place:
            (task,) = self.run(steps.flaky, initial=place)
            assert (task.outcome, task.attempt) == (TypeOutcome.COMPLETED, 3)
            assert [error.exception for error in task.errors] == ["ConnectionError"] * 2
            assert steps.marks(place, "flaky") == 3

    def test_failures_are_told(self) -> None:
        """A hostile exception is a failure that names it, and the run comes to its end."""
        workflow, made = DotFlow(), steps.hostile_errors()
        for number in range(len(made)):
            workflow.task.add(
                steps.hostile, initial_context=number, name=str(number), depends_on=[]
            )
        self.start(workflow, keep_going=True)
        tasks = workflow.result_task()
        found = [(task.outcome, task.errors[-1].exception) for task in tasks]
        expected = [(TypeOutcome.FAILED, type(make()).__name__) for make in made]
        assert found == expected

    def test_what_cannot_be_sent(self) -> None:
        """A result that cannot be sent fails its task, not the run."""
        tasks = self.run(steps.unpicklable, steps.one)
        assert tasks[1].outcome == TypeOutcome.COMPLETED
        if self.elsewhere:
            assert tasks[0].outcome == TypeOutcome.FAILED

    def test_sys_exit(self) -> None:
        """`sys.exit` in a step elsewhere is a crash of the attempt, not of the program."""
        if self.elsewhere:
            (task,) = self.run(steps.leaves)
            assert task.outcome == TypeOutcome.CRASHED
            assert "sys.exit(3)" in task.errors[-1].message

    def test_timeouts(self) -> None:
        """A step is stopped when its time is over, here and in a process of its own."""
        began = time.monotonic()
        tasks = self.run(steps.slow, steps.slow_apart)
        assert [task.outcome for task in tasks] == [TypeOutcome.TIMEOUT] * 2, [
            task.errors for task in tasks
        ]
        assert time.monotonic() - began < PATIENCE / 2

    def test_limits(self) -> None:
        """No more attempts hold a limit at once than the run says."""
        tasks = self.run(*[steps.limited] * 3, initial=0, limits={"contract": 1})
        spans = sorted(task.current_context.storage for task in tasks)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))

    def test_large_values(self) -> None:
        """A large value passes from task to task, and is there when somebody looks."""
        workflow = DotFlow()
        workflow.task.add(steps.large, initial_context=self.size)
        workflow.task.add(steps.changed, depends_on=["large"])
        workflow.task.add(steps.length, depends_on=["changed"])
        self.start(workflow)
        values = workflow.result_storage()
        assert values[2] == self.size
        assert values[1] == b"y" * self.size
        assert values[0] == b"x" * self.size

    def test_resume(self) -> None:
        """A resumed run restores what is completed, and runs the rest."""
        with folder() as place:
            storage = StorageSQLite(path=os.path.join(place, "runs.db"))
            for attempt in range(2):
                workflow = DotFlow(Config(storage=storage), workflow_id="contract")
                workflow.task.add(steps.waits, initial_context=place, name="first")
                workflow.task.add(
                    steps.large, initial_context=self.size, depends_on=["first"]
                )
                workflow.task.add(steps.length, depends_on=["large"])
                self.start(workflow, resume=attempt > 0)
                values = workflow.result_storage()
                assert values[0] == 1, workflow.result_task()[0].errors
                assert values[2] == len(values[1]) == self.size
            assert all(task.restored for task in workflow.result_task())
            storage.close()

    def test_cancel(self) -> None:
        """A run that is cancelled ends soon, and so does what it was running."""
        with folder() as place:
            workflow = DotFlow()
            workflow.task.add(steps.beats, initial_context=place)
            canceller = threading.Thread(target=_cancel, args=(workflow, place))
            canceller.start()
            run = self.start(workflow)
            canceller.join()
            assert run.status == WorkflowStatus.CANCELLED
            if self.stops:
                _wait_for_silence(place)

    def test_a_worker_dies(self) -> None:
        """A death costs one attempt of what ran there, which is in the report."""
        if not self.elsewhere:
            return
        with folder() as place:
            (task,) = self.run(steps.killed_once, initial=place)
            assert (task.outcome, task.attempt) == (TypeOutcome.COMPLETED, 2)
            assert len(task.errors) == 1
            assert steps.marks(place, "killed") == 2

    def test_a_result_lost_with_its_worker(self) -> None:
        """What the storage has is there for the next attempt, and is not made again."""
        if not self.elsewhere:
            return
        with folder() as place:
            storage = StorageSQLite(path=os.path.join(place, "runs.db"))
            workflow = DotFlow(Config(storage=storage), workflow_id="contract")
            workflow.task.add(steps.made, initial_context=place)
            workflow.task.add(
                steps.kills_first, initial_context=place, depends_on=["made"]
            )
            self.start(workflow)
            made, last = workflow.result_task()
            assert last.current_context.storage == 1_000_000, last.errors
            assert (made.attempt, last.attempt) == (1, 2)
            assert steps.marks(place, "made") == 1
            storage.close()

    def test_a_worker_dies_beside_others(self) -> None:
        """It costs nobody else an attempt, and the next run is as good as any."""
        if not self.elsewhere:
            return
        with folder() as place:
            several = [steps.killed, *[steps.waits] * 5]
            first, *others = self.run(*several, initial=place)
            assert (first.outcome, first.attempt) == (TypeOutcome.CRASHED, 1)
            assert steps.marks(place, "killed") == 1
            if self.spares:
                outcomes = {(task.outcome, task.attempt) for task in others}
                assert outcomes == {(TypeOutcome.COMPLETED, 1)}
                assert steps.marks(place, "waits") == len(others)
            (task,) = self.run(steps.one)
            assert task.current_context.storage == 1, task.errors

    def test_what_a_step_tells_is_heard(self) -> None:
        """All that a step tells arrives, spans and metrics too, wherever it runs."""
        with folder() as place:
            storage = StorageSQLite(path=os.path.join(place, "runs.db"))
            tracer, metrics, log = Spans(place), RecordingMetrics(), RecordingLog()
            config = Config(storage=storage, tracer=tracer, metrics=metrics, log=log)
            workflow = DotFlow(config, workflow_id="contract")
            workflow.task.add(steps.tells, initial_context=place)
            run = self.start(workflow)
            history = storage.history
            rows = history.events(run.run_id, kinds=["TaskOutput"])
            for attempt in (1, 2):
                said = "".join(str(r.detail) for r in rows if r.attempt == attempt)
                assert "printed" in said, rows
                assert "logged" in said, rows
            assert history.run(run.run_id)["tells"].progress == {"": (2, 2)}
            assert history.run(run.run_id).facts == {"rows": 3}
            found = [(one.name, one.value) for one in history.artifacts(run.run_id)][
                -1:
            ]
            assert found == [("sample", [{"row": 3}])]
            assert [name for name, *_ in tracer.events].count("end_task") == 1
            spans = [steps.marks(place, f"span-{what}") for what in ("begun", "ended")]
            assert spans == [2, 2]
            counted = [name for name, *_ in metrics.events]
            assert counted.count("task_retried") == counted.count("task_completed") == 1
            assert len(log.events) > 2
            storage.close()

    def test_what_a_step_tells_is_heard_at_once(self) -> None:
        """It is heard while the step runs, each thing once, and in its order."""
        with folder() as place:
            storage = StorageSQLite(path=os.path.join(place, "runs.db"))
            workflow = DotFlow(Config(storage=storage), workflow_id="contract")
            workflow.task.add(steps.tells_until_heard, initial_context=place)
            hearer = threading.Thread(target=_hear, args=(storage, place, self.live))
            hearer.start()
            run = self.start(workflow)
            hearer.join()
            assert workflow.result_storage() == [True], workflow.result_task()[0].errors
            rows = storage.history.events(run.run_id, kinds=["TaskOutput"])
            said = "".join(piece[-1] for row in rows for piece in row.detail["output"])
            assert said == "first\nlast\n", rows
            storage.close()

    def test_context_variables(self) -> None:
        """A step sees the context variables of the caller, wherever it runs."""
        token = steps.TENANT.set({"name": "acme"})
        try:
            (task,) = self.run(steps.tenant)
        finally:
            steps.TENANT.reset(token)
        assert task.current_context.storage == {"name": "acme"}, task.errors

    def test_a_pipeline(self) -> None:
        """A `Pipeline` runs there as well, its context with it."""
        if not self.pipelines:
            return
        pipeline = Pipeline("contract", executor=self.mode_of_pipelines())
        pipeline.task(name="one")(steps.one.func)
        pipeline.task(name="two", deps=["one"])(steps.two.func)
        pipeline.task(name="process")(steps.process.func)
        report = pipeline.run()
        assert report["status"] == "SUCCESS", report
        assert report["tasks"]["two"]["result"] == 2
        here = report["tasks"]["process"]["result"] == os.getpid()
        assert here is not self.elsewhere

    def mode_of_pipelines(self) -> Any:
        """Return what `Pipeline(executor=…)` is given."""
        return self.mode()


class Spans(RecordingTracer):
    """A tracer that puts something around each attempt.

    Args:
        place: Where that leaves marks.
    """

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    def around(self, task: Any) -> Any:
        """Return what is entered where the attempt runs."""
        return partial(steps.spanned, self._place)


@contextmanager
def folder() -> Iterator[str]:
    """Give a folder that all processes of this computer see."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        yield place


def _cancel(workflow: DotFlow, place: str) -> None:
    until = time.monotonic() + PATIENCE
    while not steps.marks(place, "beats") and time.monotonic() < until:
        time.sleep(0.01)
    workflow.cancel("enough")


def _hear(storage: StorageSQLite, place: str, live: bool) -> None:
    """Let the step end that waits to be heard, as soon as it was."""
    until = time.monotonic() + PATIENCE
    while not steps.marks(place, "said") and time.monotonic() < until:
        time.sleep(0.01)
    while live and time.monotonic() < until:
        for run in storage.history.runs():
            if storage.history.events(run.run_id, kinds=["TaskOutput"]):
                live = False
        time.sleep(0.05)
    steps.mark(place, "heard")


def _wait_for_silence(place: str) -> None:
    """Wait until a step that beats every 20 ms has been silent for much longer."""
    until = time.monotonic() + PATIENCE
    seen, since = steps.marks(place, "beats"), time.monotonic()
    while time.monotonic() < since + 0.5:
        assert time.monotonic() < until, "the step goes on"
        time.sleep(0.02)
        if (now := steps.marks(place, "beats")) != seen:
            seen, since = now, time.monotonic()
