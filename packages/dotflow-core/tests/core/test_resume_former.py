"""What the version before left is resumed: its results do not tell what they came from."""

from __future__ import annotations

import pytest

from dotflow import Config, Context, DotFlow, action
from dotflow.errors import InputChangedError
from dotflow.model.fingerprint import fingerprint_of
from dotflow.providers import StorageFile, StorageSQLite

RAN: list[str] = []


@action
def first(initial_context):
    RAN.append("first")
    return [initial_context.storage]


@action
def more(previous_context):
    RAN.append("more")
    return [*previous_context.storage, "more"]


@action
def second(previous_context):
    RAN.append("second")
    return [*previous_context.storage, "second"]


@pytest.fixture(params=["file", "sqlite"])
def storage(request, tmp_path):
    RAN.clear()
    if request.param == "file":
        return StorageFile(path=tmp_path)
    return StorageSQLite(tmp_path / "runs.db")


def leave(storage, value, *names):
    """Write what 2.0.0a1 left of a run of `first` and `second`."""
    flow = build(storage, value, first, second)
    results = {"first": [value], "second": [value, "second"]}
    for name in names:
        task = flow.task[name]
        context = Context.of_task(results[name], task.task_id, "shop", 1.5, "RUN")
        storage.post(storage.key(task), context)
    record = {
        "run_id": "RUN",
        "start": "RUN",
        "inputs": fingerprint_of([value, value]),
        "finished": False,
    }
    storage.post("shop-~run", Context.of_task(record, "", "shop", 1.5, "RUN"))


def build(storage, value, *steps):
    flow = DotFlow(Config(storage=storage), workflow_id="shop")
    flow.task.add(list(steps), initial_context=value)
    return flow


def resume(storage, value, *steps, **options):
    RAN.clear()
    flow = build(storage, value, *steps)
    flow.start(resume=True, **options)
    return flow.result_storage()


@pytest.mark.parametrize("policy", ["reuse", "reset", "raise"])
def test_its_results_are_taken_as_they_are(storage, policy):
    """Under the inputs they came from they are kept, whatever the policy."""
    leave(storage, (1, "a"), "first")
    found = resume(storage, (1, "a"), first, second, on_input_change=policy)
    assert found == [[(1, "a")], [(1, "a"), "second"]]
    assert RAN == ["second"]
    resume(storage, (1, "a"), first, second, on_input_change="raise")
    assert RAN == []


def test_its_inputs_are_not_forgotten(storage):
    """A resume with others that keeps them leaves them tied to theirs."""
    leave(storage, 1, "first", "second")
    assert resume(storage, 2, first, second) == [[1], [1, "second"]]
    with pytest.raises(InputChangedError):
        resume(storage, 2, first, second, on_input_change="raise")
    strict = {"on_input_change": "raise"}
    assert resume(storage, 1, first, second, **strict) == [[1], [1, "second"]]
    reset = {"on_input_change": "reset"}
    assert resume(storage, 2, first, second, **reset) == [[2], [2, "second"]]


def test_results_of_both_versions(storage):
    """Beside newer results from other inputs they are refused under either."""
    leave(storage, 1, "first")
    assert resume(storage, 2, first, second) == [[1], [1, "second"]]
    for value in (1, 2):
        with pytest.raises(InputChangedError):
            resume(storage, value, first, second, on_input_change="raise")


def test_what_follows_a_task_that_was_put_in_runs_again(storage):
    """What has just run is seen by results that tell nothing, too."""
    leave(storage, 1, "first", "second")
    found = resume(storage, 1, first, more, second)
    assert found == [[1], [1, "more"], [1, "more", "second"]]
    assert RAN == ["more", "second"]
