"""Defects of dotflow 1.0.1 about resume and repeated runs, by their number: none left."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.scheduler import Scheduler
from dotflow.errors import InvalidWorkflowId
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite

RESUMED = """
from dotflow import Config, DotFlow, action
from dotflow.providers import {storage}

@action
def a():
    print("a ran")
    return 1

@action
def b(previous_context):
    print("b ran")
    return previous_context.storage + 1

workflow = DotFlow(config=Config(storage={storage}({path!r})), workflow_id="nightly")
workflow.task.add(a).add(b)
workflow.start(resume=True)
print(workflow.result_storage())
"""


@pytest.mark.parametrize(
    ("storage", "path"), [("StorageFile", "out"), ("StorageSQLite", "runs.db")]
)
def test_defect_01_a_second_process_resumes(run_script, storage, path):
    """A second process with the same workflow id runs no completed task again."""
    source = RESUMED.format(storage=storage, path=path)
    first, second, third = (run_script(source) for _ in range(3))
    assert first.stdout.splitlines() == ["a ran", "b ran", "[1, 2]"], first.stderr
    # Defect 2 was that each restore added to the stored value.
    assert second.stdout == third.stdout == "[1, 2]\n"


def test_defect_01_resume_within_one_process():
    """The same object resumes too, although it has run before."""
    ran = []
    broken = [True]

    @action
    def b():
        if broken:
            raise ValueError("not yet")

    workflow = DotFlow(workflow_id="nightly")
    workflow.task.add(action(lambda: ran.append("a")), name="a").add(b)
    workflow.start()
    broken.clear()
    workflow.start(resume=True)
    assert ran == ["a"]
    assert [task.status for task in workflow.result_task()] == ["Completed"] * 2


class Ticks(Scheduler):
    """A scheduler that ticks three times."""

    def start(self, workflow, **kwargs):
        for _ in range(3):
            workflow(**kwargs)

    def stop(self):
        raise NotImplementedError


@pytest.mark.parametrize("options", [{}, {"mode": "parallel"}, {"keep_going": True}])
def test_defect_04_the_scheduler_runs_at_every_tick(tmp_path, options):
    """Each tick of a scheduler runs all the tasks."""
    log = tmp_path / "log"

    @action
    def note():
        with log.open("a") as file:
            file.write("ran\n")

    workflow = DotFlow(config=Config(scheduler=Ticks()))
    workflow.task.add(note)
    workflow.schedule(**options)
    assert log.read_text() == "ran\n" * 3


@pytest.mark.parametrize("kind", ["memory", "file", "sqlite"])
def test_defect_04_schedule_with_resume_starts_over_after_a_complete_run(
    tmp_path, kind
):
    """With `resume=True` a tick goes on with a failed run, and else starts over."""
    storage = {
        "memory": StorageDefault,
        "file": lambda: StorageFile(path=tmp_path),
        "sqlite": lambda: StorageSQLite(tmp_path / "runs.db"),
    }[kind]()
    ran = []

    @action
    def a():
        ran.append("a")

    @action
    def b():
        ran.append("b")
        if ran.count("b") == 1:
            raise ValueError("the first tick fails")

    config = Config(scheduler=Ticks(), storage=storage)
    workflow = DotFlow(config=config, workflow_id="nightly")
    workflow.task.add([a, b])
    workflow.schedule(resume=True)
    # Failed at b; went on with b; started over.
    assert "".join(ran) == "ab" + "b" + "ab"


@pytest.mark.parametrize(
    "value",
    [
        [1, 2, 3],
        (1, (2,)),
        {"at": datetime(2013, 1, 31)},
        {1, 2},
        {1: "a"},
        b"bytes",
        None,
    ],
    ids=repr,
)
@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_defect_12_the_next_task_gets_what_was_returned(tmp_path, kind, value):
    """With a persistent storage, too, a result reaches the next task with its type."""
    storage = (
        StorageFile(path=tmp_path)
        if kind == "file"
        else StorageSQLite(tmp_path / "runs.db")
    )
    workflow = DotFlow(config=Config(storage=storage))
    workflow.task.add(action(lambda: value))
    workflow.task.add(action(lambda previous_context: previous_context.storage))
    workflow.start()
    for found in workflow.result_storage():
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize("workflow_id", ["my-pipeline-v1", "nightly", "a.b:c_1", "7"])
def test_defect_27_a_workflow_id_may_be_a_name(workflow_id):
    """An id that is no UUID works from the start to the report."""
    workflow = DotFlow(workflow_id=workflow_id)
    workflow.task.add(action(lambda: 1))
    workflow.start()
    workflow.start(resume=True)
    assert workflow.result()["id"] == workflow_id
    assert workflow.result_context()[0].workflow_id == workflow_id
    assert [task.status for task in workflow.result_task()] == ["Completed"]


def test_defect_27_a_malformed_workflow_id_is_refused_at_once():
    """An id that no storage could take is refused by the constructor."""
    with pytest.raises(InvalidWorkflowId, match="malformed"):
        DotFlow(workflow_id="no/slashes please")


def test_defect_27_a_uuid_may_be_a_text():
    """The text of a UUID is as good as the UUID."""
    text = "0b9a6a6e-5f0f-4b43-9d2c-0c1a4ad7b3cf"
    results = []
    for identity in (text, UUID(text)):
        workflow = DotFlow(workflow_id=identity)
        workflow.task.add(action(lambda: 1), name="a")
        workflow.start()
        results.append((workflow.result()["id"], workflow.result_task()[0].task_id))
    assert results[0] == results[1]
