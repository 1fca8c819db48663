"""How workflows are built, run and inspected, for type checkers; it is never run."""

from datetime import datetime
from typing import Any, assert_type
from uuid import UUID

import dotflow
from dotflow import Config, Context, DotFlow, DotflowError, Task, action
from dotflow.abc.notify import Notify
from dotflow.abc.storage import Storage
from dotflow.core.builder import TaskBuilder
from dotflow.core.exception import GraphError, NotCallableObject
from dotflow.core.task import TaskError
from dotflow.core.workflow import Manager
from dotflow.providers import LogDefault, StorageFile, StorageSQLite
from dotflow.types import TypeExecution, TypeStatus


@action
def step(initial_context: Context) -> int:
    return len(initial_context.storage)


def done(task: Task) -> None:
    """Look at what a task left."""
    assert_type(task.task_id, str)
    assert_type(task.status, str)
    assert_type(task.step.retry, int)
    assert_type(task.duration, float | None)
    assert_type(task.started_at, datetime | None)
    assert_type(task.errors, list[TaskError])
    assert_type(task.current_context, Context)
    assert_type(task.result(max=10_000), dict[str, Any])


def all_done(tasks: list[Task]) -> None:
    """Count."""
    assert_type(tasks[0], Task)


config = Config(storage=StorageSQLite("runs.db"), log=LogDefault())
assert_type(config, Config)
assert_type(config.storage, Storage)
assert_type(config.notify, Notify)
config.storage = StorageFile(path=".output")

workflow = DotFlow(config=config, workflow_id="nightly", name="Nightly")
assert_type(workflow.workflow_id, UUID | str)
assert_type(workflow.task, TaskBuilder)
chain = workflow.task.add(step=step, callback=done, initial_context="abc").add(
    "package.module.step", group_name="other", name="late", depends_on=[step, "early"]
)
assert_type(chain, TaskBuilder)
assert_type(workflow.task.count(), int)

run = workflow.start(
    mode="parallel",
    keep_going=True,
    on_success=all_done,
    on_failure="package.module.callback",
    resume=True,
    on_input_change="reset",
    max_parallel=4,
)
assert_type(run, Manager)
assert_type(run.wait(timeout=1.5), bool)
assert_type(run.duration, float | None)
assert_type(run.tasks, list[Task])
assert_type(workflow.result_task(), list[Task])
assert_type(workflow.result_context(), list[Context])
assert_type(workflow.result_storage(), list[Any])
assert_type(workflow.result(), dict[str, Any])
status: str = TypeStatus.COMPLETED
assert_type(dotflow.__version__, str)

error: DotflowError = NotCallableObject("storage")
problems: list[str] = GraphError(["a cycle"]).problems

# And nothing else: a checker that lets one of these pass reports an unused ignore.
Config(storage=StorageSQLite)  # type: ignore[arg-type]
Config(notify=StorageSQLite("runs.db"))  # type: ignore[arg-type]
DotFlow(workflow_id=3)  # type: ignore[arg-type]
workflow.start(keep_goin=True)  # type: ignore[call-arg]
workflow.start("parallel")  # type: ignore[call-arg]

DotFlow().start(mode="threads", on_input_change="reset")
DotFlow().start(mode=TypeExecution.PARALLEL)
DotFlow().start(mode="paralel")  # type: ignore[arg-type]
DotFlow().start(on_input_change="rest")  # type: ignore[arg-type]
LogDefault(level="LOUD")  # type: ignore[arg-type]
LogDefault(format="text")  # type: ignore[arg-type]
StorageSQLite("runs.db", synchronous="NONE")  # type: ignore[arg-type]
DotFlow().task.add(step, dependson="step")  # type: ignore[arg-type]
