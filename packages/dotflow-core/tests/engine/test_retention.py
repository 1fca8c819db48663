"""`start(retain_results=False)`: what no task needs any more is let go."""

from __future__ import annotations

import gc
import pickle
import weakref

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import StorageError
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite

pytestmark = pytest.mark.usefixtures("young_heap")

MODES = ["sequential", "threads", "async", "background", "parallel"]


class Rows(list):
    """A list of which it can be seen that it is gone."""


@action
def rows():
    return Rows([1, 2])


@action
def more(previous_context):
    return Rows([*previous_context.storage, 3])


@action
def total(previous_context):
    return sum(previous_context.storage)


@action
def both(rows, more):
    return len(rows) + len(more)


def start(workflow, mode="sequential", **options):
    run = workflow.start(mode=mode, retain_results=False, **options)
    if mode == "background":
        run.wait()
    assert {t.status for t in workflow.result_task()} == {"Completed"}


def in_memory():
    gc.collect()
    return [item for item in gc.get_objects() if type(item) is Rows]


@pytest.mark.parametrize("mode", ["sequential", "background"])
@pytest.mark.parametrize("kind", ["memory", "sqlite", "file"])
@pytest.mark.sampled(3)
def test_a_chain_keeps_its_last_result(mode, kind, tmp_path):
    """Results that a later task took are in memory no more; durable ones can be read."""
    storage = {
        "memory": StorageDefault,
        "sqlite": lambda: StorageSQLite(tmp_path / "runs.db"),
        "file": lambda: StorageFile(path=tmp_path),
    }[kind]()
    workflow = DotFlow(Config(storage=storage), "chain")
    workflow.task.add([rows, more, total])
    start(workflow, mode)
    assert in_memory() == []
    kept = [None, None] if kind == "memory" else [[1, 2], [1, 2, 3]]
    assert workflow.result_storage() == [*kept, 6]
    assert workflow.result_task()[1].previous_context.storage == kept[0]
    assert in_memory() == []


@pytest.mark.parametrize("mode", MODES)
def test_a_result_stays_until_its_last_consumer(mode, tmp_path):
    """A result that two tasks need is there for the second one, in every mode."""
    workflow = DotFlow(Config(storage=StorageSQLite(tmp_path / "runs.db")))
    workflow.task.add(rows)
    workflow.task.add(more, depends_on="rows")
    workflow.task.add(both, depends_on=["rows", "more"])
    start(workflow, mode)
    assert in_memory() == []
    assert workflow.result_storage() == [[1, 2], [1, 2, 3], 5]
    assert workflow.result_task()[2].previous is None


def test_a_map_and_a_sub_workflow(tmp_path):
    """The source of a map, and what is within a sub-workflow, go like any other."""
    inner = DotFlow()
    inner.task.add([rows, more])
    workflow = DotFlow(Config(storage=StorageSQLite(tmp_path / "runs.db")))
    workflow.task.add(inner, name="inner")
    workflow.task.add(
        action(lambda item: item + 1), map_over="inner", name="plus", depends_on="inner"
    )
    workflow.task.add(action(lambda plus: sum(plus)), depends_on="plus", name="sum")
    start(workflow)
    assert in_memory() == []
    assert workflow.result_storage()[-1] == 9
    assert workflow.task["plus"].current_context.storage == [2, 3, 4]
    assert workflow.task["inner"].current_context.storage == [1, 2, 3]


def test_a_resumed_run_takes_what_was_let_go(tmp_path):
    """Letting go touches no checkpoint: the run is resumed like any other."""
    ran = []
    broken = [True]

    @action
    def first():
        ran.append("first")
        return Rows([1])

    @action
    def second(previous_context):
        return Rows(previous_context.storage)

    @action
    def third(previous_context):
        if broken:
            raise ValueError
        return len(previous_context.storage)

    workflow = DotFlow(Config(storage=StorageSQLite(tmp_path / "runs.db")), "job")
    workflow.task.add([first, second, third])
    workflow.start(retain_results=False)
    assert in_memory() == []
    broken.clear()
    start(workflow, resume=True)
    assert ran == ["first"]
    assert workflow.result_storage() == [[1], [1], 1]


def test_what_is_read_back_and_is_there_no_more(tmp_path):
    """A result whose record was deleted says so."""
    storage = StorageSQLite(tmp_path / "runs.db")
    workflow = DotFlow(Config(storage=storage), "job")
    workflow.task.add([rows, total])
    start(workflow)
    context = workflow.result_context()[0]
    assert pickle.loads(pickle.dumps(context)).storage == [1, 2]
    assert "job-rows" in repr(context)
    storage.clear("job")
    with pytest.raises(StorageError, match=r"'job-rows'.*retain_results=False"):
        _ = context.storage


def test_results_are_retained_by_default():
    """Without the option every result stays."""
    workflow = DotFlow()
    workflow.task.add([rows, total])
    workflow.start()
    assert workflow.result_storage() == [[1, 2], 3]
    assert weakref.ref(workflow.result_storage()[0])
