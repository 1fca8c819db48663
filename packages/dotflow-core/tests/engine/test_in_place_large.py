"""A value that is too large to be copied: who changes it in place is named."""

import logging
import threading

import pytest

from dotflow import Config, DotFlow, action
from dotflow.model.own import MAX_BUFFERS, MAX_PICKLED, SMALL
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite

STORAGES = {
    "memory": lambda path: StorageDefault(),
    "file": lambda path: StorageFile(path=path / "runs"),
    "sqlite": lambda path: StorageSQLite(path / "runs.db"),
}
MODES = ["sequential", "threads", "async", "background", "parallel"]


def large():
    """Return more bytes than are copied, in a list that can be changed."""
    return [[0], b"x" * (MAX_PICKLED + 1)]


@action
def rows():
    return large()


@action
def careless(rows):
    rows[0][0] += 1


@action
def sibling(rows):
    return rows[0][0]


def told(caplog):
    return [r.getMessage() for r in caplog.records if "in place" in r.getMessage()]


def shop(storage, *steps):
    flow = DotFlow(Config(storage=storage))
    flow.task.add(rows)
    for step in steps:
        flow.task.add(step, depends_on=rows)
    return flow


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", STORAGES)
def test_a_sibling_sees_what_the_producer_left_or_it_is_told(
    kind, mode, tmp_path, caplog
):
    """With a storage on disk siblings are right; without, who changed what is told."""
    flow = shop(STORAGES[kind](tmp_path), careless, sibling)
    flow.start(mode=mode, max_parallel=1).wait()
    result = flow.result_storage()
    lines = told(caplog)
    if kind != "memory" or mode == "parallel":
        assert result[2] == 0
        assert result[0][0] == [0]
        assert lines == []
    else:
        assert result[2] == 1
        (line,) = lines
        assert "'careless'" in line
        assert "'rows'" in line
        assert "isolate=True" in line


@pytest.mark.parametrize("kind", STORAGES)
def test_another_attempt(kind, tmp_path, caplog):
    """The same holds for a second attempt, which begins with what the first was given."""
    seen = []

    @action(retry=2, retry_delay=0)
    def half(rows):
        seen.append(rows[0][0])
        rows[0][0] += 1
        if len(seen) == 1:
            raise ConnectionError

    shop(STORAGES[kind](tmp_path), half).start()
    if kind == "memory":
        assert seen == [0, 1]
        assert "'half'" in told(caplog)[0]
    else:
        assert seen == [0, 0]
        assert told(caplog) == []


def test_an_initial_context(caplog):
    """A large object that `add` was given, and each start has, is watched as well."""
    flow = DotFlow()

    @action
    def grows(initial_context):
        initial_context.storage[0][0] += 1
        return initial_context.storage[0][0]

    flow.task.add(grows, initial_context=large())
    flow.start()
    (line,) = told(caplog)
    assert "the initial context of 'grows'" in line


def test_a_run_that_is_ended(caplog):
    """What an attempt has half done when its run is ended is told as well."""

    @action
    def half(rows):
        rows[0][0] += 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shop(StorageDefault(), half, sibling).start()
    (line,) = told(caplog)
    assert "'half'" in line


def test_an_unchanged_value_is_passed_as_it_is(caplog):
    """What nobody changes is the very object, and nothing is told."""
    seen = []

    @action
    def reads(rows):
        seen.append(rows)

    @action
    def reads_too(rows):
        seen.append(rows)
        return rows

    caplog.set_level(logging.WARNING)
    flow = shop(StorageDefault(), reads, reads_too)
    flow.start()
    assert seen[0] is seen[1] is flow.result_storage()[0]
    assert told(caplog) == []


@pytest.mark.parametrize("place", [0, -1])
def test_arrays_are_read_to_their_end(place, caplog):
    """Of an array the first number counts as does the last."""
    numpy = pytest.importorskip("numpy")

    @action
    def ones():
        return numpy.ones(MAX_BUFFERS // 8 + 1)

    @action
    def writes(ones):
        ones[place] = 2

    @action
    def reads(ones):
        return float(ones.sum())

    flow = DotFlow()
    flow.task.add(ones)
    flow.task.add(writes, depends_on=ones)
    flow.task.add(reads, depends_on=ones)
    flow.start()
    assert "'writes'" in told(caplog)[0]


def test_what_no_one_else_gets_is_not_watched(monkeypatch):
    """Nothing is read twice for a value that goes to one task alone."""
    from dotflow.engine import lending

    watched = []
    of = lending.checksum
    monkeypatch.setattr(
        lending, "checksum", lambda value: watched.append(value) or of(value)
    )
    shop(StorageDefault(), careless).start()
    assert watched == []
    shop(StorageDefault(), careless, sibling).start()
    assert watched


@pytest.mark.parametrize("mode", ["sequential", "threads", "async"])
def test_what_all_items_get_beside(mode, caplog):
    """What an item changes of a large value that all of them get is told once."""

    @action
    def each(item, rows):
        rows[0][0] += item

    flow = shop(StorageDefault())
    flow.task.add(action(lambda: [1, 2, 3]), name="numbers")
    flow.task.add(each, depends_on=["numbers", "rows"], map_over="numbers")
    flow.start(mode=mode)
    (line,) = told(caplog)
    assert "'each'" in line
    assert "'rows'" in line


@pytest.mark.parametrize("mode", MODES)
def test_another_attempt_of_a_large_item(mode, tmp_path):
    """A further attempt of an item begins with what the first had, whatever its size."""
    size = SMALL + 1

    @action(retry=2, retry_delay=0)
    def each(item):
        item[0].append("half")
        mark = tmp_path / "failed"
        if not mark.exists():
            mark.touch()
            raise ConnectionError
        return item[0]

    flow = DotFlow()
    flow.task.add(action(lambda: [[[], b"x" * size]]), name="rows")
    flow.task.add(each, depends_on="rows", map_over="rows")
    flow.start(mode=mode).wait()
    assert flow.result_storage()[1] == [["half"]]
    assert flow.result_storage()[0][0][0] == []


def test_what_lies_in_itself(caplog):
    """A large value with a circle in it is watched as well."""

    @action
    def circle():
        made = [large()]
        made.append(made)
        return made

    @action
    def turns(circle):
        circle[1][1][0][0][0] = 1

    flow = DotFlow()
    flow.task.add(circle)
    flow.task.add(turns, depends_on=circle)
    flow.task.add(action(lambda circle: None), name="other", depends_on=circle)
    flow.start()
    (line,) = told(caplog)
    assert "'turns'" in line


@pytest.mark.parametrize("mode", ["threads", "async"])
@pytest.mark.parametrize("kind", STORAGES)
def test_tasks_that_run_at_once(kind, mode, tmp_path, caplog):
    """Where others have the value at the same time, it is told once, with their names."""
    both = threading.Barrier(2)

    def waits(rows):
        both.wait(30)
        rows[0][0] += 1
        both.wait(30)
        return rows[0][0]

    flow = shop(STORAGES[kind](tmp_path))
    for name in ("one", "two"):
        flow.task.add(action(waits), depends_on="rows", name=name)
    flow.start(mode=mode)
    (line,) = told(caplog)
    assert "'one'" in line
    assert "'two'" in line
    if kind != "memory":
        assert flow.result_storage()[0][0] == [0]
