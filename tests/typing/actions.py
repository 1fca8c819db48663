"""How steps are written and called, for the type checkers; it is never run."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from dotflow import Context, action, artifact, fact, progress


@action
def bare(count: int, unit: str = "s") -> str:
    return f"{count}{unit}"


@action()
def called(count: int) -> str:
    return str(count)


@action(
    retry=3,
    timeout=1.5,
    retry_delay=0,
    backoff=True,
    retry_on=(OSError, ValueError),
    jitter=0.5,
    max_delay=10,
    isolate=False,
)
def with_options(previous_context: Context) -> list[int]:
    return [previous_context.storage]


@action
async def fetch(url: str) -> bytes:
    return url.encode()


@action(timeout=30)
async def fetch_in_time(url: str) -> bytes:
    return url.encode()


class Pipeline:
    @action
    def extract(self) -> list[int]:
        return [1]

    @action(retry=2)
    def transform(self, factor: int) -> dict[str, int]:
        return {"first": self.extract()[0] * factor}


class Report:
    def __init__(self, title: str = "") -> None:
        self.title = title


@action
class DecoratedReport:
    @action
    def write(self) -> str:
        return "written"


def plain(count: int) -> float:
    return count / 2


wrapped_class = action(Report)
wrapped = action(plain)
wrapped_with_options = action(plain, retry=2)

# A direct call takes what the function takes and gives what it gives.
assert_type(bare(1), str)
assert_type(bare(1, unit="min"), str)
assert_type(called(1), str)
assert_type(with_options(Context(1)), list[int])
assert_type(with_options(previous_context=Context(1)), list[int])
assert_type(Pipeline().extract(), list[int])
assert_type(Pipeline().transform(2), dict[str, int])
assert_type(Pipeline().transform(factor=2), dict[str, int])
assert_type(wrapped_class(title="x"), Report)
assert_type(DecoratedReport().write(), str)
assert_type(wrapped(1), float)
assert_type(wrapped_with_options(1), float)


async def use() -> None:
    """Await what an async step returns."""
    assert_type(await fetch("x"), bytes)
    assert_type(await fetch_in_time(url="x"), bytes)


# What an action knows of itself.
assert_type(bare.retry, int)
assert_type(bare.timeout, float)
assert_type(Pipeline.transform.retry, int)
assert_type(Pipeline().transform.retry, int)

# And nothing else: a checker that lets one of these pass reports an unused ignore.
bare("1")  # type: ignore[arg-type]
bare()  # type: ignore[call-arg]
with_options(previous=1)  # type: ignore[call-arg]
Pipeline().transform("2")  # type: ignore[arg-type]
action(retry="3")  # type: ignore[call-overload]
action(retries=3)  # type: ignore[call-overload]


async def _rows() -> AsyncIterator[bytes]:
    yield b""


@action
def tells(name: str) -> None:
    assert_type(progress([1, 2]), Iterator[int])
    assert_type(
        progress({"a": 1}.items(), total=1, name=name), Iterator[tuple[str, int]]
    )
    assert_type(progress(_rows()), AsyncIterator[bytes])
    progress(1, 2.5)
    artifact(name, [{"a": 1}])
    artifact(name, "text", kind="markdown")
    artifact(name, 1, kind="chart")  # type: ignore[arg-type]
    fact(name, 1)
    fact(name, None)
    fact(name, [1])  # type: ignore[arg-type]
