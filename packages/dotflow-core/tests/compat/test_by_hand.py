"""Managers, tasks by hand and providers of a user's own, as in dotflow 1.x."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import pytest
from former_logs import broken, one, tasks_of

from dotflow import Config, DotFlow, action
from dotflow.abc.metrics import Metrics
from dotflow.abc.notify import Notify
from dotflow.abc.scheduler import Scheduler
from dotflow.abc.server import Server
from dotflow.abc.storage import Storage
from dotflow.abc.tracer import Tracer
from dotflow.core.config_file import config_path, save_cloud_config
from dotflow.core.context import Context
from dotflow.core.engine import TaskEngine
from dotflow.core.workflow import Manager

# Manager, TaskEngine


def test_a_manager_makes_its_id():
    """`Manager(tasks=…)` has a random UUID, another each time."""
    made = [Manager(tasks=tasks_of("a")).workflow_id for _ in range(2)]
    assert all(isinstance(one, UUID) for one in made)
    assert made[0] != made[1]


def test_a_manager_keeps_the_id_that_it_is_given():
    """A given workflow_id stays what it is."""
    given = uuid4()
    assert Manager(tasks=tasks_of("a"), workflow_id=given).workflow_id == given


def test_a_manager_knows_when_it_began():
    """`started` is a moment in local time, before the end of the run."""
    before = datetime.now()
    assert before <= Manager(tasks=tasks_of("a")).started <= datetime.now()


def test_a_task_by_hand_is_in_progress_before_it_is_executed():
    """Within `start` the task has its status, its moment and the workflow's id."""
    (task,) = tasks_of("a")
    with TaskEngine(task, "7e57ab1e-0000-4000-8000-000000000007").start() as engine:
        assert task.status == "In progress"
        assert str(task.workflow_id).endswith("7")
        assert task.started_at is not None
        assert engine.execute() == 1
    assert task.status == "Completed"
    assert task.duration is not None


def test_a_task_by_hand_that_nobody_executed_is_completed():
    """The body of the `with` did the work itself."""
    (task,) = tasks_of("a")
    with TaskEngine(task, None).start():
        task.current_context = Context(storage=5)
    assert (task.status, task.current_context.storage) == ("Completed", 5)


def test_a_task_by_hand_whose_body_raises_is_failed():
    """The error is the task's, and the caller's."""
    (task,) = tasks_of("a")
    with pytest.raises(KeyError), TaskEngine(task, None).start():
        raise KeyError("a")
    assert (task.status, task.errors[-1].exception) == ("Failed", "KeyError")


def test_a_task_by_hand_that_fails_is_failed():
    """A step that raises does not raise out of `execute`."""
    (task,) = tasks_of("a", step=broken)
    with TaskEngine(task, None).start() as engine:
        assert engine.execute_with_retry() is None
    assert (task.status, len(task.errors)) == ("Failed", 2)


# Other providers


class Told(Metrics):
    def __init__(self):
        self.seen = []

    def workflow_started(self, workflow_id, **kwargs):
        self.seen.append(("started", kwargs))

    def workflow_completed(self, workflow_id, duration):
        self.seen.append("completed")

    def workflow_failed(self, workflow_id, duration):
        self.seen.append("failed")

    def task_completed(self, task):
        self.seen.append("task completed")

    def task_failed(self, task):
        self.seen.append("task failed")

    def task_retried(self, task):
        self.seen.append("task retried")


@pytest.mark.parametrize("mode", ["sequential", "background", "threads"])
def test_metrics_get_the_mode(mode):
    """`workflow_started` is told the mode of the run."""
    told = Told()
    flow = DotFlow(Config(metrics=told))
    flow.task.add(one)
    flow.start(mode=mode).wait()
    assert told.seen[0] == ("started", {"mode": mode})
    assert told.seen[-1] == "completed"


def test_metrics_count_in_order():
    """A retry, a failed task, a failed workflow."""
    told = Told()
    flow = DotFlow(Config(metrics=told))
    flow.task.add(broken)
    flow.start()
    assert told.seen[1:] == ["task retried", "task failed", "failed"]


class Kept(Storage):
    def __init__(self):
        self.kept = {}

    def post(self, key, context, ttl=None, fingerprint=None):
        self.kept[key] = context

    def get(self, key):
        return self.kept.get(key) or Context(storage=None)

    def key(self, task):
        return f"{task.workflow_id}:{task.task_id}"


def test_a_storage_of_three_methods_keeps_results():
    """`post`, `get` and `key` of a subclass are called for each task."""
    kept = Kept()
    flow = DotFlow(Config(storage=kept))
    flow.task.add(one)
    flow.start()
    assert 1 in [context.storage for context in kept.kept.values()]


def test_a_scheduler_calls_the_workflow_with_what_it_was_given():
    """`schedule(**kw)` calls `Scheduler.start(workflow, **kw)`, each call is a run."""

    class Thrice(Scheduler):
        def start(self, workflow, **kwargs):
            self.runs = [workflow(**kwargs) for _ in range(3)]

        def stop(self):
            pass

    ran = []

    @action
    def count():
        ran.append(1)

    scheduler = Thrice()
    flow = DotFlow(Config(scheduler=scheduler))
    flow.task.add(count)
    flow.schedule(keep_going=True)
    assert len(ran) == len(scheduler.runs) == 3


class Heard(Notify):
    def __init__(self):
        self.statuses = []

    def hook_status_task(self, task):
        self.statuses.append(task.status)


def test_a_notifier_hears_each_status():
    """`hook_status_task` is called with the task at each change."""
    heard = Heard()
    flow = DotFlow(Config(notify=heard))
    flow.task.add(broken)
    flow.start()
    assert heard.statuses == ["Not started", "In progress", "Retry", "Failed"]


class Traced(Tracer):
    def __init__(self):
        self.seen = []

    def start_workflow(self, workflow_id, **kwargs):
        self.seen.append(("start_workflow", kwargs))

    def end_workflow(self, workflow_id, **kwargs):
        self.seen.append(("end_workflow", sorted(kwargs)))

    def start_task(self, task):
        self.seen.append("start_task")

    def end_task(self, task):
        self.seen.append("end_task")


def test_a_tracer_is_told_of_the_run_and_its_tasks():
    """The four methods of 1.x are called in order, with what they got there."""
    traced = Traced()
    flow = DotFlow(Config(tracer=traced))
    flow.task.add(one)
    flow.start()
    assert traced.seen == [
        ("start_workflow", {"mode": "sequential", "tasks_count": 1}),
        "start_task",
        "end_task",
        ("end_workflow", ["duration", "failed"]),
    ]


class Remote(Server):
    def __init__(self):
        self.calls = []

    def create_workflow(self, workflow):
        self.calls.append("create_workflow")

    def update_workflow(self, workflow, status=""):
        self.calls.append(f"update_workflow {status}")

    def create_task(self, task):
        self.calls.append("create_task")

    def update_task(self, task):
        self.calls.append(f"update_task {task.status}")


def test_a_server_is_told_of_the_workflow_and_its_tasks():
    """Registered when made and added, updated when it runs and ends."""
    remote = Remote()
    flow = DotFlow(Config(server=remote))
    flow.task.add(one)
    flow.start()
    calls = list(dict.fromkeys(remote.calls))
    assert calls[:3] == [
        "create_workflow",
        "create_task",
        "update_workflow In progress",
    ]
    assert "update_task Completed" in calls
    assert calls[-1] == "update_workflow Completed"


def test_saving_the_login_returns_the_path(monkeypatch, tmp_path):
    """`save_cloud_config` returns where it has written."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert save_cloud_config(token="t", base_url="http://a") == config_path()
    assert config_path().is_file()


@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_a_task_by_hand_with_a_number_as_its_id(kind, tmp_path):
    """A storage keeps the result of a task whose id is a number, as a memory does."""
    from dotflow.core.task import Task
    from dotflow.providers import StorageFile, StorageSQLite

    make = {
        "file": lambda: StorageFile(path=tmp_path),
        "sqlite": lambda: StorageSQLite(tmp_path / "a.db"),
    }
    task = Task(task_id=0, step=one, config=Config(storage=make[kind]()))
    Manager(tasks=[task])
    assert (task.status, task.errors) == ("Completed", [])
