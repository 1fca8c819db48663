"""Large results stay on the workers of an executor that can keep them there."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc import remote
from dotflow.abc.executor import Executor
from dotflow.errors import StorageError, WorkerDied
from dotflow.model.held import Held
from dotflow.providers import StorageDefault, StorageSQLite

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow.model.context import Context
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance

SIZE = 100_000


class Lying(Held):
    """A value in a dictionary that stands for a worker's memory."""

    def __init__(self, worker: dict[int, Any], kept: remote.Kept) -> None:
        super().__init__(kept.kind, kept.length)
        self._worker, self._key = worker, len(worker)

    def get(self) -> Any:
        if self.lost:
            raise WorkerDied("It is gone.")
        FETCHED.append(self._key)
        return self._worker[self._key]

    @property
    def lost(self) -> bool:
        return self._key not in self._worker

    def __del__(self) -> None:
        self._worker.pop(self._key, None)


FETCHED: list[int] = []


class Holding(Executor):
    """Runs attempts here as a worker would, and keeps what that keeps."""

    shares = False

    def __init__(self, reach: Literal["host", "network"] = "host") -> None:
        self.reach = reach
        self.worker: dict[int, Any] = {}
        self._outcomes: list[Outcome] = []

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        self._packing = remote.Packing(tasks)
        self.slots = 4

    def submit(self, attempt: Attempt) -> Outcome | None:
        shape, plain, places, held = remote.parted(attempt)
        values = [one._worker[one._key] for one in held]  # type: ignore[attr-defined]
        data, value = remote.run_holding(
            self._packing.attempt(attempt),
            remote.joined(shape, plain, places, values),
            getattr(attempt, "errand", None),
        )
        outcome, kept = remote.read_news(data, attempt)
        if kept is not None:
            held = Lying(self.worker, kept)
            self.worker[len(self.worker)] = value
            outcome = remote.hold(outcome, held, kept)
        self._outcomes.append(outcome)
        return None

    def wait(self, timeout: float | None) -> list[Outcome]:
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def close(self, kill: bool = False) -> None:
        """Leave the worker as it is: it outlives the run."""


@action
def large() -> bytes:
    return b"x" * SIZE


@action
def other(large: bytes) -> bytes:
    return large.upper()


@action
def both(large: bytes, other: bytes, previous_context: Context) -> list[Any]:
    return [len(large), other[:1], sorted(previous_context.storage)]


@action
def parts(large: bytes) -> list[int]:
    return list(large[:3])


@action(cache=True)
def cached(large: bytes) -> int:
    return len(large)


@action
def each(parts: int, large: bytes) -> int:
    return parts + len(large)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    FETCHED.clear()
    return


def flow(storage: Any = None, **options: Any) -> DotFlow:
    made = DotFlow(Config(storage=storage or StorageDefault()), **options)
    made.task.add(large)
    made.task.add(other, depends_on=["large"])
    made.task.add(both, depends_on=["large", "other"])
    return made


def test_values_pass_from_worker_to_worker() -> None:
    """No large value is fetched while a run goes on, nor for its report."""
    made, executor = flow(), Holding()
    report = made.start(mode=executor).report()
    assert not FETCHED
    assert made.result_storage()[2] == [SIZE, b"X", ["large", "other"]]
    result = report.tasks[1].result
    assert result is not None
    assert (result.type, result.size) == ("bytes", SIZE)


def test_what_somebody_looks_at_is_fetched_once() -> None:
    """A held value is brought here when it is asked for, and kept then."""
    made = flow()
    made.start(mode=Holding())
    context = made.result_task()[1].current_context
    assert context.storage is context.storage
    assert context.storage == b"X" * SIZE
    assert FETCHED == [1]
    assert pickle.loads(pickle.dumps(context)).storage == b"X" * SIZE


def test_maps_and_caches_look_at_values() -> None:
    """What a map goes over and what a cache goes by are the values themselves."""
    made = DotFlow()
    made.task.add(large)
    made.task.add(parts, depends_on=["large"])
    made.task.add(each, map_over="parts", depends_on=["large"])
    made.task.add(cached, depends_on=["large"])
    made.start(mode=Holding())
    values = made.result_storage()
    assert list(values[2]) == [ord("x") + SIZE] * 3, made.result_task()[2].errors
    assert values[3] == SIZE


@action
def sizes() -> list[int]:
    return [SIZE, 10, 2 * SIZE]


@action
def sized(item: int) -> bytes:
    return b"x" * item


@action
def lengths(previous_context: Context) -> list[int]:
    return [len(value) for value in previous_context.storage]


def of_items(storage: Any, **options: Any) -> DotFlow:
    made = DotFlow(Config(storage=storage), workflow_id="items", **options)
    made.task.add(sizes)
    made.task.add(sized, map_over="sizes")
    made.task.add(lengths, depends_on=["sized"])
    return made


@pytest.mark.parametrize("stored", [False, True])
def test_results_of_items_stay_where_they_were_made(
    stored: bool, tmp_path: Path
) -> None:
    """Those of a map's items pass to the next task there, and resume from the storage."""
    storage = StorageSQLite(path=str(tmp_path / "runs.db")) if stored else None
    made, executor = of_items(storage or StorageDefault()), Holding()
    made.start(mode=executor)
    last = made.result_task()[2]
    assert last.current_context.storage == [SIZE, 10, 2 * SIZE], last.errors
    assert not FETCHED
    if storage is not None:
        executor.worker.clear()  # they die
        again = of_items(storage)
        again.start(mode=Holding(), resume=True)
        assert [task.restored for task in again.result_task()] == [True] * 3
        assert list(again.result_storage()[1]) == [
            b"x" * SIZE,
            b"x" * 10,
            b"x" * 2 * SIZE,
        ]
    assert list(made.result_storage()[1]) == [b"x" * SIZE, b"x" * 10, b"x" * 2 * SIZE]


def test_results_of_a_sub_workflow_stay_where_they_were_made() -> None:
    """What stands for several of them passes to the next task there."""
    inner, made = DotFlow(), DotFlow()
    inner.task.add(large, name="a")
    inner.task.add(large, name="b", depends_on=[])
    made.task.add(inner, name="inner")
    made.task.add(named_lengths, depends_on=["inner"])
    made.start(mode=Holding())
    last = made.result_task()[-1]
    assert last.current_context.storage == {"a": SIZE, "b": SIZE}, last.errors
    assert not FETCHED


@action
def named_lengths(previous_context: Context) -> dict[str, int]:
    return {name: len(one) for name, one in previous_context.storage.items()}


def test_the_worker_stores_what_it_keeps(tmp_path: Path) -> None:
    """A storage that workers reach is written there, so that no large value travels."""
    storage = StorageSQLite(path=str(tmp_path / "runs.db"))
    made, executor = flow(storage, workflow_id="afar"), Holding()
    made.start(mode=executor)
    assert not FETCHED
    executor.worker.clear()  # they die
    assert made.result_storage()[1] == b"X" * SIZE
    again = flow(storage, workflow_id="afar")
    again.start(mode=Holding(), resume=True)
    assert [task.restored for task in again.result_task()] == [True] * 3
    assert again.result_storage() == made.result_storage()


def stored_here(storage: StorageSQLite, executor: Holding) -> None:
    """Run a workflow, and see that the storage has what its workers have not stored."""
    made = flow(storage, workflow_id="afar")
    made.start(mode=executor)
    assert storage.get(storage.key(made.result_task()[1])).storage == b"X" * SIZE


def test_what_no_worker_reaches_is_stored_here(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file of this computer is written by this process, which is said once."""
    caplog.set_level(logging.INFO, "dotflow")
    storage = StorageSQLite(path=str(tmp_path / "runs.db"))
    stored_here(storage, Holding("network"))
    assert FETCHED == [0, 1]
    told = [r for r in caplog.records if "cannot be written from the workers" in r.msg]
    assert len(told) == 1


def test_a_value_lost_with_its_worker_is_told() -> None:
    """A result that was in the memory of a worker alone is lost with it, and says so."""
    made, executor = flow(), Holding()
    made.start(mode=executor)
    executor.worker.clear()
    with pytest.raises(WorkerDied):
        _ = made.result_storage()


def test_results_that_are_not_retained_are_released() -> None:
    """With `retain_results=False` a worker keeps no value that no task needs any more."""
    made, executor = flow(), Holding()
    made.start(mode=executor, retain_results=False)
    assert not executor.worker


class OutOfReach(StorageSQLite):
    """A storage whose copies elsewhere cannot write."""

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)
        self.post = self._refuse  # type: ignore[method-assign]

    @staticmethod
    def _refuse(*_: Any, **__: Any) -> None:
        raise StorageError("no route to host")


def test_what_a_worker_cannot_store_is_stored_here(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a worker fails to write, this process does, and says so once."""
    stored_here(OutOfReach(path=str(tmp_path / "runs.db")), Holding())
    told = [r.getMessage() for r in caplog.records if "by a worker" in r.msg]
    assert len(told) == 1
    assert "no route to host" in told[0]
