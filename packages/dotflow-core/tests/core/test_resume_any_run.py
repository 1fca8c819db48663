"""`start(resume=RUN_ID)`: any run is gone on from, and not just the newest."""

import logging

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.history import AmbiguousRun, RunNotFound
from dotflow.errors import RunOfAnotherWorkflow, WorkflowAlreadyRunning
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite


@pytest.fixture(params=["sqlite", "file"])
def storage(request, tmp_path):
    if request.param == "file":
        return StorageFile(path=tmp_path / "runs")
    return StorageSQLite(tmp_path / "runs.db")


class Shop:
    """Runs of one workflow id: `a`, then `b` and `c` beside it, which makes no use of it."""

    def __init__(self, storage):
        self.storage, self.ran, self.fails = storage, [], set()

    def flow(self, value, workflow_id="shop"):
        flow = DotFlow(Config(storage=self.storage), workflow_id=workflow_id)
        for name, upstream in (("a", []), ("b", ["a"]), ("c", []), ("d", ["b", "c"])):
            flow.task.add(self.step(name, value), name=name, depends_on=upstream)
        return flow

    def step(self, name, value):
        @action
        def work():
            self.ran.append(name)
            if name in self.fails:
                raise ValueError(name)
            return [name, value]

        return work

    def run(self, value, fails="", **options):
        self.ran, self.fails = [], set(fails)
        flow = self.flow(value)
        run = flow.start(keep_going=False, **options)
        values = {task.name: task.current_context.storage for task in run.tasks}
        return run, values


def warnings(caplog):
    """Return what was said of the resume itself."""
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def test_what_no_newer_run_has_replaced_is_kept(storage, caplog):
    """Of an older run what is its own still is kept; one line says what is not."""
    shop = Shop(storage)
    old, _ = shop.run(1, fails="d")
    assert shop.ran == ["a", "c", "b", "d"]
    shop.run(2, fails="c")
    assert shop.ran == ["a", "c"]
    caplog.clear()
    with caplog.at_level(logging.WARNING, "dotflow"):
        resumed, values = shop.run(1, resume=old.run_id[:-2].lower())
    (line,) = warnings(caplog)
    assert old.run_id in line
    assert "'a'" in line
    assert "'c' is kept" in line
    # b was made from a result that is there no more.
    assert shop.ran == ["a", "b", "d"]
    assert values == {name: [name, 1] for name in "abcd"}
    assert resumed.report().resumed_from == old.run_id


def test_a_run_that_newer_ones_went_on_from(storage, caplog):
    """A run whose results the newest one has gone on with is gone on with as it is."""
    shop = Shop(storage)
    old, _ = shop.run(1, fails="d")
    shop.run(1, fails="d", resume=True)
    shop.run(1, fails="d", resume=True)
    _, values = shop.run(1, resume=old.run_id)
    assert shop.ran == ["d"]
    assert values == {name: [name, 1] for name in "abcd"}
    assert not warnings(caplog)


def test_a_run_in_the_middle_of_an_older_line(storage):
    """Of runs that went on from each other each stands for the results of all."""
    shop = Shop(storage)
    shop.run(1, fails="b")
    middle, _ = shop.run(1, fails="d", resume=True)
    shop.run(2, fails="a")
    _, values = shop.run(1, resume=middle.run_id)
    assert shop.ran == ["d"]
    assert values == {name: [name, 1] for name in "abcd"}


def test_a_run_of_which_nothing_is_left(storage, caplog):
    """Where newer runs have replaced all, all runs again, and that is said."""
    shop = Shop(storage)
    old, _ = shop.run(1, fails="d")
    shop.run(2)
    with caplog.at_level(logging.WARNING, "dotflow"):
        _, values = shop.run(1, resume=old.run_id)
    assert shop.ran == ["a", "c", "b", "d"]
    assert values == {name: [name, 1] for name in "abcd"}
    (line,) = warnings(caplog)
    assert "nothing is kept" in line


def test_what_is_refused(storage, tmp_path):
    """A run that is not there, of another workflow, or one of several, is refused."""
    shop = Shop(storage)
    run, _ = shop.run(1, fails="d")
    shop.run(1, fails="d")
    with pytest.raises(RunNotFound, match="NOSUCH"):
        shop.run(1, resume="NOSUCH")
    with pytest.raises(AmbiguousRun):
        shop.run(1, resume="0")
    assert shop.ran == []
    with pytest.raises(RunOfAnotherWorkflow, match="'other'"):
        shop.flow(1, "other").start(resume=run.run_id)
    assert shop.ran == []
    shop.storage = StorageDefault()
    with pytest.raises(RunNotFound, match="StorageDefault"):
        shop.run(1, resume=run.run_id)


def test_a_newer_run_that_goes_on_keeps_its_results(storage):
    """While another run goes on, an older one is refused and nothing is touched."""
    shop = Shop(storage)
    old, _ = shop.run(1, fails="d")
    refused = []

    @action
    def try_it(previous_context):
        try:
            shop.flow(1).start(resume=old.run_id)
        except WorkflowAlreadyRunning as error:
            refused.append(error)
        raise ValueError

    flow = shop.flow(2)
    flow.task.add(try_it, name="tries", depends_on=["a"])
    assert flow.start(keep_going=True).status == "Failed"
    assert refused
    shop.ran = []
    flow.start(resume=True)
    assert shop.ran == []
    assert flow.task.queue[0].current_context.storage == ["a", 2]
