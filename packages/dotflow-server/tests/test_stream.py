"""What a page hears of a run that goes on: not too often, and all of it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from dashboards import quiet, wait_for

from dotflow import action
from dotflow.providers import StorageSQLite
from dotflow_server import Store
from dotflow_server.hub import Hub

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator
    from pathlib import Path

STEPS = 100


class Going:
    """A run that goes on, a step each time somebody says so, and then to its end.

    Attributes:
        store: Where it is seen.
        run_id: The run.
    """

    def __init__(self, path: Path) -> None:
        self._go = threading.Semaphore(0)
        flow = quiet(StorageSQLite(path), "going")
        for number in range(STEPS):
            flow.task.add(action(self._step), name=f"step {number}")
        self._thread = threading.Thread(target=flow.start)
        self._thread.start()
        self.store = Store(StorageSQLite(path))
        found = wait_for(lambda: [*self.store.history.runs()])
        self.run_id: str = found[0].run_id

    def _step(self) -> None:
        assert self._go.acquire(timeout=60)

    def go(self, steps: int = 1) -> None:
        """Let some steps end."""
        self._go.release(steps)

    def end(self) -> None:
        """Let it end."""
        self.go(STEPS)
        self._thread.join()


@pytest.fixture
def going(tmp_path: Path) -> Iterator[Going]:
    """A run that waits in its first step."""
    found = Going(tmp_path / "going.db")
    yield found
    found.end()


async def told(
    stream: AsyncGenerator[str, None],
) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
    """Yield the id, the name and the data of each message of a stream."""
    async for text in stream:
        lines = dict(line.split(": ", 1) for line in text.splitlines() if line)
        if "data" in lines:
            yield lines["id"], lines["event"], json.loads(lines["data"])


def test_a_run_is_told_of_four_times_a_second(going: Going) -> None:
    """However much happens, a page hears of a run no more often than it can show."""

    async def listen() -> tuple[int, float]:
        began, count = time.monotonic(), 0
        async for _, event, data in told(Hub(going.store).stream([going.run_id], "")):
            going.go()
            if event == "run" and data["seq"] is not None:
                count += 1
                going.go(STEPS // 5)
            if data.get("status") == "Completed":
                break
        return count, time.monotonic() - began

    count, seconds = asyncio.run(listen())
    assert 1 < count <= 4 * seconds + 1


def test_a_page_that_comes_back_hears_what_it_has_missed(going: Going) -> None:
    """With the id of its last message a stream goes on after it, without a gap."""

    async def listen() -> None:
        hub = Hub(going.store)
        stays = told(hub.stream([going.run_id], ""))
        heard = [await anext(stays)]
        leaves = hub.stream([going.run_id], "")
        events = told(leaves)
        last, event, _ = await anext(events)
        while event != "run":
            last, event, _ = await anext(events)
        await leaves.aclose()
        going.end()
        while heard[-1][2].get("status") != "Completed":
            heard.append(await anext(stays))
        back = told(hub.stream([going.run_id], last))
        assert (await anext(back))[1] == "hello"
        expected = heard[[number for number, _, _ in heard].index(last) + 1 :]
        assert expected
        assert [await anext(back) for _ in expected] == expected

    asyncio.run(listen())
