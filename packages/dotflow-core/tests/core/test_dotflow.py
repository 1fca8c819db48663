"""`DotFlow`: its arguments, its attributes and what `start` returns."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

import pytest

from dotflow import Config, Context, DotFlow, Task, action
from dotflow.abc.scheduler import Scheduler
from dotflow.abc.server import Server
from dotflow.utils import hostname
from dotflow.workflow.builder import TaskBuilder
from dotflow.workflow.manager import Manager


@action
def one():
    return 1


@action
def plus_one(previous_context):
    return previous_context.storage + 1


def test_workflow_id_is_a_random_uuid_by_default():
    """Two workflows without an id get two different UUIDs."""
    first, second = DotFlow(), DotFlow()
    assert isinstance(first.workflow_id, UUID)
    assert first.workflow_id != second.workflow_id


def test_workflow_id_of_the_environment(monkeypatch):
    """`WORKFLOW_ID` names a workflow that was given no id."""
    monkeypatch.setenv("WORKFLOW_ID", "nightly")
    assert DotFlow().workflow_id == "nightly"


def test_workflow_id_given_wins_over_the_environment(monkeypatch):
    """The argument `workflow_id` comes before the environment variable."""
    monkeypatch.setenv("WORKFLOW_ID", "nightly")
    identity = uuid4()
    assert DotFlow(workflow_id=identity).workflow_id == identity


def test_an_empty_variable_is_no_workflow_id(monkeypatch):
    """An empty `WORKFLOW_ID` counts as none."""
    monkeypatch.setenv("WORKFLOW_ID", "")
    assert isinstance(DotFlow().workflow_id, UUID)


def test_name_is_the_host_by_default():
    """A workflow without a name is called after the host."""
    assert DotFlow().name == hostname()
    assert DotFlow(name="Nightly").name == "Nightly"


def test_attributes():
    """A workflow has `task`, `start` and `schedule`, as in 1.x."""
    workflow = DotFlow()
    assert isinstance(workflow.task, TaskBuilder)
    assert callable(workflow.start)
    assert callable(workflow.schedule)


def test_start_returns_the_run():
    """`start` returns the `Manager` of the run with its tasks."""
    workflow = DotFlow()
    workflow.task.add(one).add(plus_one)
    run = workflow.start()
    assert isinstance(run, Manager)
    assert run.tasks == workflow.result_task()
    assert isinstance(run.started, datetime)
    assert run.workflow_id == workflow.workflow_id
    assert run.wait() is True


def test_start_runs_each_time_it_is_called():
    """Every call of `start` runs the tasks again."""
    calls = []

    @action
    def count():
        calls.append(1)
        return len(calls)

    workflow = DotFlow()
    workflow.task.add(count)
    workflow.start()
    workflow.start()
    assert workflow.result_storage() == [2]


def test_start_of_an_empty_workflow_succeeds():
    """A workflow without tasks completes, and `on_success` is called."""
    heard = []
    DotFlow().start(on_success=lambda tasks: heard.append(tasks))
    assert heard == [[]]


def test_results_before_the_start():
    """Before a start the results are there, with nothing in them."""
    workflow = DotFlow()
    workflow.task.add(one)
    assert [task.status for task in workflow.result_task()] == ["Not started"]
    assert workflow.result_storage() == [None]
    assert workflow.result_context()[0].storage is None


def test_results_after_the_start():
    """Tasks, contexts and values come in the order the tasks were added."""
    workflow = DotFlow()
    workflow.task.add([one, plus_one])
    workflow.start()
    tasks, contexts = workflow.result_task(), workflow.result_context()
    assert all(isinstance(task, Task) for task in tasks)
    assert all(isinstance(context, Context) for context in contexts)
    assert workflow.result_storage() == [1, 2]
    assert [context.task_id for context in contexts] == [t.task_id for t in tasks]
    assert contexts[0].workflow_id == workflow.workflow_id


def test_schedule_hands_start_to_the_scheduler():
    """`schedule(**options)` calls the scheduler's `start` with a callable and them."""
    seen = []

    class Twice(Scheduler):
        def start(self, workflow, **kwargs):
            seen.append(kwargs)
            workflow(**kwargs)
            workflow(**kwargs)

        def stop(self):
            raise NotImplementedError

    runs = []

    @action
    def count():
        runs.append(1)

    workflow = DotFlow(config=Config(scheduler=Twice()))
    workflow.task.add(count)
    workflow.schedule(keep_going=True)
    assert seen == [{"keep_going": True}]
    assert len(runs) == 2


class ReportingServer(Server):
    def __init__(self):
        self.calls = []

    def create_workflow(self, workflow):
        self.calls.append(("create_workflow", workflow.workflow_id))

    def update_workflow(self, workflow, status=""):
        self.calls.append(("update_workflow", workflow, status))

    def create_task(self, task):
        self.calls.append(("create_task", task.name))

    def update_task(self, task):
        self.calls.append(("update_task", task.name, task.status))


@pytest.mark.parametrize("workflow_id", [None, "nightly"])
def test_the_server_hears_of_the_workflow_and_its_tasks(workflow_id):
    """The server is told of every creation and change, whether the id is given or not."""
    server = ReportingServer()
    workflow = DotFlow(config=Config(server=server), workflow_id=workflow_id)
    workflow.task.add(one)
    workflow.start()
    identity = workflow.workflow_id
    assert server.calls == [
        ("create_workflow", identity),
        ("create_task", "one"),
        ("update_workflow", identity, "In progress"),
        ("update_task", "one", "In progress"),
        ("update_task", "one", "Completed"),
        ("update_workflow", identity, "Completed"),
    ]


def test_a_server_that_raises_does_not_disturb():
    """A server whose every method raises changes nothing about the run."""

    class Down(ReportingServer):
        def create_workflow(self, workflow):
            raise OSError("no route to host")

        create_task = update_task = create_workflow

        def update_workflow(self, workflow, status=""):
            raise OSError("no route to host")

    workflow = DotFlow(config=Config(server=Down()))
    workflow.task.add([one, plus_one])
    workflow.start()
    assert workflow.result_storage() == [1, 2]
