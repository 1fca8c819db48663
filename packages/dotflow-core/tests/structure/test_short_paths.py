"""A value's way through dotflow is short: counts, which no machine makes slower."""

from __future__ import annotations

import pytest

from dotflow import Config, DotFlow, action
from dotflow.providers import LogDefault, StorageSQLite


class Quiet(LogDefault):
    """Is told everything, and writes nothing."""

    def info(self, **kwargs: object) -> None: ...
    def error(self, **kwargs: object) -> None: ...
    def warning(self, **kwargs: object) -> None: ...


@action
def one() -> int:
    """Return a number."""
    return 1


@pytest.fixture
def durable(tmp_path, shortest):
    """Return what counts the way of a durable sequential run of some tasks."""

    def count(tasks):
        def make(number):
            storage = StorageSQLite(tmp_path / f"{tasks}.db")
            workflow = DotFlow(
                Config(storage=storage, log=Quiet()), workflow_id=f"walk-{number}"
            )
            for _ in range(tasks):
                workflow.task.add(one)
            return workflow.start

        return shortest(make)

    return count


def test_a_further_task_takes_a_short_way(durable):
    """One more task of a durable run is 46 hops at most, through 14 files."""
    three, four = durable(3), durable(4)
    assert four.hops - three.hops <= 46
    assert len(four.calls - three.calls) <= 14, sorted(four.calls - three.calls)


def test_a_first_task_takes_a_short_way(durable):
    """A durable run of one task is 230 hops at most, from `start` to its return."""
    assert durable(1).hops <= 230
