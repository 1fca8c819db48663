"""Plain tasks of a run in one thread go straight on, and differ in nothing from others."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dotflow import Config, Context, DotFlow, action
from dotflow.engine import straight
from dotflow.providers import StorageDefault


@action
def one() -> int:
    return 1


@action
def more(previous_context: Context) -> Any:
    value = previous_context.storage
    previous_context.storage = "mine alone"
    return value + 1


@action
def as_list(previous_context: Context) -> list[Any]:
    return [previous_context.storage]


@action
def longer(previous_context: Context) -> int:
    previous_context.storage.append("mine alone")
    return len(previous_context.storage)


@action
def fail() -> None:
    raise ValueError("no")


@pytest.fixture
def went(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that went straight on."""
    names: list[str] = []
    attempt = straight.StraightWay._attempt

    def noted(way: Any, node: int, task: Any, before: Any) -> None:
        names.append(task.name)
        attempt(way, node, task, before)

    monkeypatch.setattr(straight.StraightWay, "_attempt", noted)
    return names


def chain(*steps: Any, **options: Any) -> DotFlow:
    workflow = DotFlow(**options)
    for step in steps:
        workflow.task.add(step)
    return workflow


def test_what_can_be_changed_in_place_does_not(went: list[str]) -> None:
    """A number goes straight on; a list is lent, and taken back."""
    workflow = chain(one, more, as_list, longer, one)
    workflow.start()
    assert went == ["more", "as_list", "one#2"]
    assert workflow.result_storage() == [1, 2, [2], 2, 1]


@pytest.mark.parametrize(
    "step", [action(timeout=60)(lambda: 1), action(cache=True)(lambda: 1)]
)
def test_what_is_to_be_looked_at_does_not(step: Any, went: list[str]) -> None:
    """A timeout or a cache is the loop's business."""
    workflow = chain(one, one, step, one)
    workflow.start()
    assert went == ["one#2", "one#3"]
    assert [task.status for task in workflow.result_task()] == ["Completed"] * 4


def test_what_can_be_resumed_does_not(went: list[str]) -> None:
    """A fixed id has checkpoints, also in memory."""
    chain(one, one, workflow_id="fixed").start()
    assert went == []


def test_a_storage_of_the_users_is_asked(went: list[str]) -> None:
    """Its `post` sees each result, whether a class or an object has it."""
    posted: list[str] = []

    class Own(StorageDefault):
        def post(self, key: str, context: Context, *more: Any, **named: Any) -> None:
            posted.append(key)
            super().post(key, context, *more, **named)

    patched = StorageDefault()
    patched.post = lambda key, *_: posted.append(key)  # type: ignore[method-assign]
    for storage in (Own(), patched):
        chain(one, one, config=Config(storage=storage)).start()
    assert went == []
    assert len(posted) == 4


def test_a_result_is_in_the_storage_at_once(went: list[str]) -> None:
    """The next step finds what the one before it has left."""
    storage = StorageDefault()
    found: list[Any] = []
    workflow = chain(one, one, config=Config(storage=storage))

    @action
    def look() -> None:
        found.extend(storage.get(storage.key(t)).storage for t in workflow.task.queue)

    workflow.task.add(look)
    workflow.start()
    assert went == ["one#2", "look"]
    assert found == [1, 1, None]


def test_a_failure_is_retried_and_told(went: list[str]) -> None:
    """What fails is settled as any other attempt, and what follows is skipped or runs."""
    tries: list[int] = []

    @action(retry=3)
    def third_time() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")
        return 3

    workflow = chain(one, third_time, fail, one)
    workflow.start()
    tasks = workflow.result_task()
    assert [task.status for task in tasks] == [
        "Completed",
        "Completed",
        "Failed",
        "Not started",
    ]
    assert [task.attempt for task in tasks] == [1, 3, 1, 0]
    assert tasks[2].errors[-1].exception == "ValueError"
    assert went == ["third_time", "fail"]
    workflow.start(keep_going=True)
    assert [task.status for task in tasks][2:] == ["Failed", "Completed"]


def test_a_coroutine_and_a_generator_are_brought_to_their_end(went: list[str]) -> None:
    """What a step returns is not its result before it has ended."""

    @action
    async def awaited() -> int:
        return 2

    @action
    def yielded() -> Any:
        yield 3

    workflow = chain(one, awaited, yielded)
    workflow.start()
    assert workflow.result_storage() == [1, 2, [3]]
    assert went == ["awaited", "yielded"]


def test_a_cancel_ends_it_between_two_tasks(went: list[str]) -> None:
    """What has begun ends, and nothing more begins."""
    workflow = chain(one)

    @action
    def cancel() -> int:
        runs[0].cancel("enough")
        return 5

    workflow.task.add(cancel)
    workflow.task.add(one)
    runs: list[Any] = []
    begun = threading.Event()

    @action
    def wait() -> None:
        begun.wait(60)

    workflow.task.queue[0].step = wait
    runs.append(workflow.start(mode="background"))
    begun.set()
    runs[0].wait()
    assert workflow.result_task()[2].status != "Completed"
    assert runs[0].status == "Cancelled"


def test_context_variables_stay_within_a_step(went: list[str]) -> None:
    """What a step sets the next one does not see."""
    from contextvars import ContextVar

    variable: ContextVar[int] = ContextVar("variable", default=0)

    @action
    def put() -> int:
        variable.set(variable.get() + 1)
        return variable.get()

    workflow = chain(put, put, put)
    workflow.start()
    assert workflow.result_storage() == [1, 1, 1]
    assert went == ["put#2", "put#3"]
