"""Every built-in mode keeps the contract that executors of others are tested by."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from dotflow import DotFlow, Pipeline, action
from dotflow.engine.executors.futures import FuturesExecutor
from dotflow.errors import (
    DotflowError,
    ExecutionModeNotExist,
    InvalidTask,
    UnknownOption,
)
from dotflow.testing.executor import ExecutorContract


class InProcess(ExecutorContract):
    elsewhere = False


class TestSequential(InProcess):
    pipelines = False

    def mode(self) -> Any:
        return "sequential"


@pytest.mark.soak  # that it runs inline in a thread others prove
class TestBackground(InProcess):
    pipelines = False

    def mode(self) -> Any:
        return "background"


class TestThreads(InProcess):
    def mode(self) -> Any:
        return "threads"


class TestAsync(InProcess):
    def mode(self) -> Any:
        return "async"


class TestParallel(ExecutorContract):
    def mode(self) -> Any:
        return "parallel"

    def options(self) -> dict[str, Any]:
        return {"max_parallel": 2}


class TestFuturesOfProcesses(ExecutorContract):
    # What a `concurrent.futures.Executor` has no way to do.
    stops = spares = live = False

    def mode(self) -> Any:
        return "futures"

    def options(self) -> dict[str, Any]:
        return {"executor": partial(ProcessPoolExecutor, 2)}

    def mode_of_pipelines(self) -> Any:
        return FuturesExecutor(partial(ProcessPoolExecutor, 2))


@pytest.mark.soak
class TestFuturesOfThreads(InProcess):
    stops = False

    @pytest.fixture(autouse=True)
    def pool(self) -> Iterator[None]:
        with ThreadPoolExecutor(2) as self._pool:
            yield

    def mode(self) -> Any:
        return FuturesExecutor(self._pool)


@pytest.mark.soak
@pytest.mark.parametrize(
    "name", ["test_a_map_and_what_follows_it", "test_large_values", "test_resume"]
)
@pytest.mark.parametrize(
    "modes",
    [TestSequential, TestThreads, TestAsync, TestParallel, TestFuturesOfProcesses],
)
def test_much(modes: type[ExecutorContract], name: str) -> None:
    """The contract holds with many items and with large values."""
    contract = modes()
    contract.items, contract.size = 10_000, 200_000_000
    getattr(contract, name)()


@action
def greet() -> str:
    return "hello"


def workflow() -> DotFlow:
    flow = DotFlow()
    flow.task.add(greet)
    return flow


def broken() -> Any:
    return "no executor"


class TestWhatAModeMayBe:
    def test_an_executor_serves_one_run_after_the_other(self) -> None:
        """A mode may be an executor itself, which reports know by its name."""
        with ThreadPoolExecutor(1) as pool:
            executor = FuturesExecutor(pool)
            runs = [workflow().start(mode=executor) for _ in range(2)]
        assert [run.status for run in runs] == ["Completed"] * 2
        assert {run.report().mode for run in runs} == {"futures"}

    def test_a_function_that_makes_one(self) -> None:
        """A mode may be a function, called once a run, or the class itself."""
        made: list[FuturesExecutor] = []

        def chosen() -> FuturesExecutor:
            made.append(FuturesExecutor(partial(ThreadPoolExecutor, 1)))
            return made[-1]

        assert workflow().start(mode=chosen).report().mode == "chosen"
        assert len(made) == 1

    @pytest.mark.parametrize(
        ("options", "error", "said"),
        [
            ({"mode": "futures"}, InvalidTask, "needs executor="),
            ({"mode": "futures", "executor": 3}, InvalidTask, "executor=3"),
            ({"mode": "futures", "executor": broken}, InvalidTask, "made a str"),
            ({"mode": "threads", "address": "tcp://x"}, UnknownOption, "no address="),
            ({"mode": FuturesExecutor, "prefetch": 0}, InvalidTask, "prefetch"),
            ({"mode": 3}, ExecutionModeNotExist, "'futures'"),
            ({"mode": broken}, InvalidTask, "no Executor"),
        ],
    )
    def test_bad_input_is_refused(
        self, options: dict[str, Any], error: type[DotflowError], said: str
    ) -> None:
        """What is no mode, or takes no such option, is refused before a task runs."""
        flow = workflow()
        with pytest.raises(error, match=said):
            flow.start(**options)
        assert flow.result_task()[0].status == "Not started"

    def test_a_pipeline_names_its_mode(self) -> None:
        """A pipeline takes what `start(mode=…)` does, but for what would block its loop."""
        with pytest.raises(InvalidTask, match="event loop"):
            Pipeline("p", executor="sequential")
        with pytest.raises(ExecutionModeNotExist):
            Pipeline("p", executor="thread")  # type: ignore[arg-type]

    def test_a_broken_pool_says_what_to_do(self) -> None:
        """A pool that was given stays broken, and each attempt says how that is mended."""
        with ProcessPoolExecutor(1) as pool:
            flow = workflow()
            pool.submit(_die).exception()
            flow.start(mode="futures", executor=pool)
        assert "give executor= a function" in flow.result_task()[0].errors[-1].message


def _die() -> None:
    import os

    os._exit(1)


class TestResources:
    @pytest.mark.parametrize(
        ("given", "checked"),
        [
            ({"cpus": 2, "memory": "4GiB"}, {"cpus": 2, "memory": 4 * 1024**3}),
            ({"memory": 1000, "gpus": 0.5}, {"memory": 1000, "gpus": 0.5}),
            ({"memory": "1.5 MB"}, {"memory": 1_500_000}),
        ],
    )
    def test_amounts(self, given: dict[str, Any], checked: dict[str, float]) -> None:
        """Resources are amounts by name, and local modes do not look at them."""
        step = action(resources=given)(greet.func)
        assert step.resources == checked
        flow = DotFlow()
        flow.task.add(step)
        assert flow.start().status == "Completed"

    @pytest.mark.parametrize(
        "bad",
        [
            {"cpus": "two"},
            {"memory": "4 GiBs"},
            {"cpus": -1},
            {1: 1},
            "2",
            {"cpus": True},
        ],
    )
    def test_what_is_no_amount(self, bad: Any) -> None:
        """What is no amount is refused where the step is declared, of a pipeline too."""
        with pytest.raises(InvalidTask, match="resources"):
            action(resources=bad)(greet.func)
        with pytest.raises(InvalidTask, match="resources"):
            Pipeline("p").task(resources=bad)(greet.func)
