"""`DotFlow.configure`: settings that win over the constructor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import InvalidWorkflowId, NotCallableObject, WorkflowAlreadyRunning
from dotflow.providers import StorageDefault, StorageFile
from dotflow.testing import RecordingServer

if TYPE_CHECKING:
    from pathlib import Path

calls: list[str] = []


@action
def count():
    calls.append("count")
    return len(calls)


def build(config: Config | None = None) -> DotFlow:
    flow = DotFlow(config=config)
    flow.task.add([count, count])
    return flow


def test_storage_and_id_are_replaced(tmp_path: Path) -> None:
    """A workflow configured with a storage and an id resumes by them."""
    calls.clear()
    for _ in range(2):
        flow = build().configure(storage=StorageFile(tmp_path), workflow_id="nightly")
        flow.start(resume=True)
        assert flow.result_storage() == [1, 2]
    assert calls == ["count", "count"]


def test_same_as_in_the_constructor(tmp_path: Path) -> None:
    """Ids and keys of tasks are those that the constructor would have given."""
    given = DotFlow(workflow_id="nightly")
    given.task.add([count, count])
    later = build().configure(workflow_id="nightly")
    later.task.add(count)
    given.task.add(count)
    for one, other in zip(given.task, later.task, strict=True):
        assert one.task_id == other.task_id
        assert one.checkpoint_key == other.checkpoint_key


def test_shared_config_is_left_alone(tmp_path: Path) -> None:
    """Another workflow of the same config keeps its storage."""
    config = Config(storage=StorageDefault())
    one, other = build(config), build(config)
    storage = StorageFile(tmp_path)
    one.configure(storage=storage)
    assert one.config.storage is one.task[0].config.storage is storage
    assert other.config.storage is config.storage
    assert other.config.storage is not storage


def test_wrong_arguments() -> None:
    """What the constructor refuses is refused here, and nothing has changed then."""
    flow = build()
    before = flow.workflow_id
    with pytest.raises(InvalidWorkflowId):
        flow.configure(workflow_id="../up")
    with pytest.raises(NotCallableObject):
        flow.configure(storage="file")  # type: ignore[arg-type]
    assert flow.workflow_id == before


def test_not_while_it_runs() -> None:
    """A workflow that runs cannot be configured."""
    flow = DotFlow()

    @action
    def inside():
        with pytest.raises(WorkflowAlreadyRunning):
            flow.configure(workflow_id="other")

    flow.task.add(inside)
    flow.start()
    assert flow.task[0].status == "Completed"


def test_server_hears_the_new_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server is told the workflow and its tasks under the new id."""
    told: list[tuple[str, str]] = []
    server = RecordingServer()
    monkeypatch.setattr(
        server, "create_workflow", lambda w: told.append(("workflow", w.workflow_id))
    )
    monkeypatch.setattr(
        server, "create_task", lambda t: told.append((t.name, t.workflow_id))
    )
    flow = build(Config(server=server))
    told.clear()
    flow.configure(workflow_id="nightly")
    names = ("workflow", "count", "count#2")
    assert told == [(name, "nightly") for name in names]
