"""Two runs of one workflow id at once: refused, waited for, skipped, or ended."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.abc.scheduler import Scheduler
from dotflow.errors import InvalidTask, WorkflowAlreadyRunning
from dotflow.model.context import Context
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite

STORAGES = {
    "sqlite": lambda path: StorageSQLite(path / "runs.db"),
    "file": lambda path: StorageFile(path=path / "runs"),
    "default": lambda _: StorageDefault(),
}


@pytest.fixture(params=STORAGES)
def storage(request, tmp_path):
    return STORAGES[request.param](tmp_path)


class Gate:
    """A step that waits until it is let through, and what it saw."""

    def __init__(self):
        self.entered, self.open, self.ran = threading.Event(), threading.Event(), []

    def flow(self, storage, workflow_id="shop", names=("work",)):
        @action
        def work():
            self.ran.append(1)
            self.entered.set()
            while not self.open.wait(0.01):
                pass
            return len(self.ran)

        flow = DotFlow(Config(storage=storage), workflow_id=workflow_id)
        for name in names:
            flow.task.add(work, name=name)
        return flow


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.open.set()


@pytest.fixture
def running(storage, gate):
    """A run of `shop` that goes on in a thread until the gate is opened."""
    flow = gate.flow(storage)
    done = []
    options = {} if storage.persistent else {"if_running": "raise"}
    thread = threading.Thread(target=lambda: done.append(flow.start(**options)))
    thread.start()
    gate.entered.wait()
    yield thread
    gate.open.set()
    thread.join()
    assert [run.status for run in done] in (["Completed"], ["Cancelled"])


def later(call):
    """Return a thread that calls, and the list that its result comes to."""
    found = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    return thread, found


def test_a_second_run_is_refused_and_names_the_first(storage, gate, running):
    """It says which process on which host runs it since when, and runs nothing."""
    import os

    for options in ({}, {"resume": True}):
        if not storage.persistent:
            options["if_running"] = "raise"
        with pytest.raises(
            WorkflowAlreadyRunning, match=f"process {os.getpid()} on host"
        ):
            gate.flow(storage).start(**options)
    assert gate.ran == [1]
    gate.open.set()
    running.join()
    assert gate.flow(storage).start().status == "Completed"


@pytest.mark.parametrize(
    "mode", ["sequential", "background", "threads", "async", "parallel"]
)
def test_a_second_run_is_refused_in_every_mode(storage, gate, running, mode):
    """No mode lets two runs of an id go on at once."""
    options = {} if storage.persistent else {"if_running": "raise"}
    with pytest.raises(WorkflowAlreadyRunning):
        gate.flow(storage).start(mode=mode, **options)
    assert gate.ran == [1]


def test_a_second_run_waits(storage, gate, running):
    """With "wait" it begins when the first has ended, and finds what that has left."""
    flow = gate.flow(storage)
    thread, found = later(lambda: flow.start(if_running="wait", resume=True))
    time.sleep(0.3)
    assert gate.ran == [1]
    gate.open.set()
    thread.join()
    assert found[0].status == "Completed"
    if storage.persistent:
        assert gate.ran == [1]  # the second has restored it


def test_waiting_ends_with_the_deadline(storage, gate, running):
    """A deadline bounds the wait: then the run is refused."""
    with pytest.raises(WorkflowAlreadyRunning):
        gate.flow(storage).start(if_running="wait", deadline=0.3)
    assert gate.ran == [1]


def test_a_second_run_is_skipped(storage, gate, running):
    """With "skip" it touches nothing, and says so by its status."""
    flow = gate.flow(storage)
    run = flow.start(if_running="skip")
    assert run.status == "Skipped"
    assert run.wait()
    assert [task.status for task in flow.result_task()] == ["Not started"]
    assert run.report().status == "Skipped"
    assert gate.ran == [1]


def test_a_second_run_ends_the_first(storage, gate):
    """With "cancel" the first run is cancelled, and the second runs after it."""
    options = {} if storage.persistent else {"if_running": "raise"}
    first = gate.flow(storage, names=("a", "b"))
    thread, found = later(lambda: first.start(**options))
    gate.entered.wait()
    second = gate.flow(storage)
    opener = threading.Timer(0.5, gate.open.set)
    opener.start()
    assert second.start(if_running="cancel").status == "Completed"
    thread.join()
    opener.join()
    assert found[0].status == "Cancelled"
    assert first.result_task()[1].status in ("Not started", "Cancelled")


def test_one_object_is_started_again_and_again(storage):
    """Also from its callbacks, after failures, and after what was refused."""
    starts = []

    @action
    def work():
        if len(starts) == 2:
            raise ValueError("once")
        return len(starts)

    def again(tasks):
        starts.append(tasks[0].status)
        if len(starts) < 4:
            flow.start(on_success=again, on_failure=again)

    flow = DotFlow(Config(storage=storage), workflow_id="shop")
    flow.task.add(work)
    flow.start(on_success=again, on_failure=again)
    assert starts == ["Completed", "Completed", "Failed", "Completed"]
    with pytest.raises(InvalidTask):
        flow.start(if_running="never")
    for mode in ("sequential", "background", "async", "threads"):
        run = flow.start(mode=mode, resume=True)
        run.wait()
        assert run.status == "Completed"


def test_a_run_that_could_not_begin_holds_nothing(tmp_path):
    """What is refused after it had the lease has given it back."""
    from dotflow.errors import InputChangedError

    storage = StorageSQLite(tmp_path / "runs.db")

    @action
    def work(initial_context):
        return initial_context.storage

    def flow(value):
        made = DotFlow(Config(storage=storage), workflow_id="shop")
        made.task.add(work, initial_context=value)
        return made

    flow(1).start()
    with pytest.raises(InputChangedError):
        flow(2).start(resume=True, on_input_change="raise")
    assert flow(1).start().status == "Completed"


def test_other_ids_and_random_ones_are_not_kept_out(storage, gate, running):
    """Only runs of the same id wait for each other."""
    gate.open.set()
    for workflow_id in ("shop-2", None):
        flow = gate.flow(storage, workflow_id)
        assert flow.start(if_running="raise").status == "Completed"


def test_memory_keeps_nobody_out_unless_asked(gate):
    """In memory two runs of an id go on at once, as in dotflow 1.x."""
    storage = StorageDefault()
    one, two = (later(gate.flow(storage).start) for _ in range(2))
    while len(gate.ran) < 2:
        time.sleep(0.01)
    gate.open.set()
    for thread, found in (one, two):
        thread.join()
        assert found[0].status == "Completed"


def test_the_background_run_of_an_object_counts(gate, tmp_path):
    """A start of the same object waits for, skips or ends its background run."""
    flow = gate.flow(StorageSQLite(tmp_path / "runs.db"))
    first = flow.start(mode="background")
    gate.entered.wait()
    with pytest.raises(WorkflowAlreadyRunning):
        flow.start()
    assert flow.start(if_running="skip").status == "Skipped"
    thread, found = later(lambda: flow.start(if_running="wait"))
    gate.open.set()
    thread.join()
    assert (first.status, found[0].status) == ("Completed", "Completed")


class Overlapping(Scheduler):
    """Begins two runs at once, as `overlap="parallel"` does."""

    def start(self, workflow, **kwargs):
        threads = [later(lambda: workflow(**kwargs)) for _ in range(2)]
        for thread, found in threads:
            thread.join()
            assert found[0].status == "Completed"

    def stop(self):
        pass


def test_ticks_that_may_overlap_do(tmp_path, gate):
    """A scheduler's ticks run beside each other, and keep other processes out."""
    flow = gate.flow(StorageSQLite(tmp_path / "runs.db"))
    flow.config.scheduler = Overlapping()
    thread, _ = later(flow.schedule)
    while len(gate.ran) < 2:
        time.sleep(0.01)
    with pytest.raises(WorkflowAlreadyRunning):
        gate.flow(StorageSQLite(tmp_path / "runs.db")).start()
    gate.open.set()
    thread.join()
    assert gate.flow(StorageSQLite(tmp_path / "runs.db")).start().status == "Completed"


def test_a_pipeline_waits_skips_or_is_refused(storage):
    """A `Pipeline` has the same option; without it its runs go on beside each other."""
    pipeline = Pipeline("shop", storage=storage)
    entered, opened, ran = asyncio.Event(), asyncio.Event(), []

    @pipeline.task()
    async def work():
        ran.append(1)
        entered.set()
        await opened.wait()

    async def main():
        first = asyncio.create_task(pipeline.run_once(if_running="raise"))
        await entered.wait()
        with pytest.raises(WorkflowAlreadyRunning, match="shop"):
            await pipeline.run_once(if_running="raise")
        skipped = await pipeline.run_once(if_running="skip")
        report = pipeline.get_run_report(skipped)
        assert report["tasks"]["work"]["status"] == "SKIPPED"
        assert report["tasks"]["work"]["error"] == "ALREADY_RUNNING"
        beside = asyncio.create_task(pipeline.run_once())
        while len(ran) < 2:  # noqa: ASYNC110 - the task itself sets no event
            await asyncio.sleep(0.01)
        waiting = asyncio.create_task(pipeline.run_once(if_running="wait"))
        await asyncio.sleep(0.3)
        assert len(ran) == 2
        opened.set()
        for run in (first, beside, waiting):
            assert pipeline.get_run_report(await run)["status"] == "SUCCESS"
        assert len(ran) == 3
        opened.clear()
        entered.clear()
        last = asyncio.create_task(pipeline.run_once(if_running="raise"))
        await entered.wait()
        opened_later = asyncio.get_running_loop().call_later(5, opened.set)
        final = await pipeline.run_once(if_running="cancel")
        opened_later.cancel()
        assert (
            pipeline.get_run_report(await last)["tasks"]["work"]["status"] == "FAILED"
        )
        assert pipeline.get_run_report(final)["status"] == "SUCCESS"

    asyncio.run(main())


def test_one_run_of_a_pipeline_is_gone_on_from_once(storage):
    """Of two that resume a run of a durable pipeline one is refused, waits or is skipped."""
    if not storage.persistent:
        pytest.skip("nobody else finds its runs")
    ran, entered, opened = [], asyncio.Event(), asyncio.Event()

    def pipeline():
        made = Pipeline("shop", storage=storage)

        @made.task()
        async def work():
            ran.append(1)
            if len(ran) == 1:
                raise ValueError
            entered.set()
            await opened.wait()

        return made

    async def main():
        one, other = pipeline(), pipeline()
        failed = await one.run_once()
        going_on = asyncio.create_task(one.resume(failed))
        await entered.wait()
        with pytest.raises(WorkflowAlreadyRunning, match=failed):
            await other.resume(failed)
        skipped = await other.resume(failed, if_running="skip")
        assert "ALREADY_RUNNING" in str(other.get_run_report(skipped))
        (current,) = one.state_store.list_runs(status="RUNNING")
        with pytest.raises(WorkflowAlreadyRunning, match=current.run_id):
            await one.resume(current.run_id)
        waiting = asyncio.create_task(one.resume(current.run_id, if_running="wait"))
        await asyncio.sleep(0.3)
        assert len(ran) == 2
        opened.set()
        for run in (going_on, waiting):
            assert one.get_run_report(await run)["status"] == "SUCCESS"
        assert len(ran) == 2  # the last one has found what it waited for
        assert other.get_run_report(await other.resume(failed))["status"] == "SUCCESS"

    asyncio.run(main())


def test_a_run_of_a_living_process_is_not_resumed(storage, tmp_path):
    """A run that another process of the machine goes on with is refused, named, ended."""
    if not storage.persistent:
        pytest.skip("nobody else finds its runs")
    made = (
        f"StorageSQLite({str(tmp_path / 'runs.db')!r})"
        if isinstance(storage, StorageSQLite)
        else f"StorageFile(path={str(tmp_path / 'runs')!r})"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", RUNNING.format(storage=made)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout.readline() == "begun\n"
        pipeline = Pipeline("shop", storage=storage)
        pipeline.task(name="work")(lambda: 2)
        (run,) = pipeline.state_store.list_runs()
        with pytest.raises(WorkflowAlreadyRunning, match=f"process {program.pid} on"):
            asyncio.run(pipeline.resume(run.run_id))
        ended = asyncio.run(pipeline.resume(run.run_id, if_running="cancel"))
        assert pipeline.get_run_report(ended)["tasks"]["work"]["result"] == 2
        assert program.communicate(timeout=60)[0] == "FAILED\n"
    finally:
        program.kill()
        program.communicate()


RUNNING = """
import time
from dotflow import Pipeline
from dotflow.providers import StorageFile, StorageSQLite

pipeline = Pipeline("shop", storage={storage})

@pipeline.task()
def work():
    print("begun", flush=True)
    while True:
        time.sleep(0.01)

print(pipeline.run()["status"])
"""

PROGRAM = """
import json
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageFile, StorageSQLite
from dotflow.errors import WorkflowAlreadyRunning

kind, number, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
storage = StorageSQLite("runs.db") if kind == "sqlite" else StorageFile(path="runs")

def step(name):
    @action
    def work():
        note("log", f"{number} {name}")
        while not (HERE / f"go{number}").exists():
            time.sleep(0.01)
        return f"{number} {name}"
    return work

flow = DotFlow(Config(storage=storage), workflow_id="shop")
for name in ("a", "b"):
    flow.task.add(step(name), name=name)
try:
    run = flow.start(**options)
except WorkflowAlreadyRunning as error:
    print(error)
    raise SystemExit(7)
print(run.status, [task.status for task in flow.result_task()],
      flow.result_task()[0].errors, flow.result_task()[1].errors)
"""


@pytest.mark.parametrize("kind", ["sqlite", "file"])
def test_a_killed_run_is_resumed_at_once(script, kind, wait_until):
    """A process that was killed holds nothing: on its own machine nobody waits."""
    script = script(PROGRAM)
    first = script.start(kind, 1, "{}")
    wait_until(lambda: script.lines("log") == ["1 a"], "the first run")
    second = script.start(kind, 2, "{}")
    out, _ = second.communicate()
    assert second.returncode == 7
    assert f"process {first.pid} on host" in out
    first.send_signal(signal.SIGKILL)
    (script.folder / "go3").touch()
    third = script.start(kind, 3, json.dumps({"resume": True}))
    out, error = third.communicate()
    assert third.returncode == 0, error
    assert out.startswith("Completed")
    first.communicate()


@pytest.mark.parametrize("kind", ["sqlite", "file"])
def test_a_former_owner_that_comes_back_writes_nothing(script, kind, wait_until):
    """Taken for dead while it was stopped, it fails, and the other's results stay."""
    script = script(PROGRAM)
    first = script.start(kind, 1, "{}")
    wait_until(lambda: script.lines("log") == ["1 a"], "the first run")
    first.send_signal(signal.SIGSTOP)
    storage = STORAGES[kind](script.folder)
    # As another machine would see it that has not heard of it for long.
    found = storage.get("lease-shop")
    record = {**found.storage, "process": "elsewhere/1/1", "beat": 0.0}
    token = storage.get_fingerprint("lease-shop")
    assert storage.atomic_swap("lease-shop", found, Context(record), fingerprint=token)
    (script.folder / "go2").touch()
    second = script.start(kind, 2, json.dumps({"if_running": "wait"}))
    out, error = second.communicate()
    assert out.startswith("Completed"), error
    (script.folder / "go1").touch()
    first.send_signal(signal.SIGCONT)
    out, _ = first.communicate()
    assert "lease" in out
    assert "Completed" not in out
    for name in ("a", "b"):
        key = f"shop-{name}" + (".json" if kind == "file" else "")
        assert storage.get(key).storage == f"2 {name}"
    assert "1 b" not in script.lines("log")
    assert DotFlow(Config(storage=storage), workflow_id="shop").start().status


def test_processes_wait_for_each_other(script, wait_until):
    """With "wait" two processes run one after the other; the second restores."""
    script = script(PROGRAM)
    options = json.dumps({"if_running": "wait", "resume": True})
    first = script.start("sqlite", 1, options)
    wait_until(lambda: script.lines("log") == ["1 a"], "the first run")
    (script.folder / "go2").touch()
    second = script.start("sqlite", 2, options)
    time.sleep(0.5)
    (script.folder / "go1").touch()
    for process in (first, second):
        out, error = process.communicate()
        assert out.startswith("Completed"), error
    assert len(script.lines("log")) == 2


def test_another_process_is_ended(script, wait_until):
    """With "cancel" the run in the other process ends within a second or so."""
    script = script(PROGRAM)
    first = script.start("sqlite", 1, "{}")
    wait_until(lambda: script.lines("log") == ["1 a"], "the first run")
    (script.folder / "go2").touch()
    second = script.start("sqlite", 2, json.dumps({"if_running": "cancel"}))
    out, error = second.communicate()
    assert out.startswith("Completed"), error
    out, _ = first.communicate()
    assert out.startswith("Cancelled")
