"""`kill_at_random`: what a run on a cluster promises whose workers and driver are killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from dotflow.config.config import Config
from dotflow.model.action import action
from dotflow.model.items import ItemKey
from dotflow.providers.storage_sqlite import StorageSQLite
from dotflow.testing.executor_steps import kill
from dotflow.workflow.dotflow import DotFlow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotflow.model.context import Context

ITEMS = 6
# How long a step works, and how often it notes that it does.
WORK_SECONDS, BEAT_SECONDS = 0.06, 0.01
# How long nobody must have worked to say that nobody does.
SILENCE_SECONDS = 0.6
PATIENCE = 120.0


class Beat(NamedTuple):
    """A line of the journal: a step that works.

    Attributes:
        name: What works.
        process: In which process.
        moment: When.
        begins: Whether it begins.
    """

    name: str
    process: int
    moment: float
    begins: bool


def work(folder: str, name: str) -> None:
    """Work for a moment, and note it in the journal all the time."""
    file = os.open(Path(folder, "journal"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        until, mark = time.monotonic() + WORK_SECONDS, "+"
        while time.monotonic() < until:
            os.write(file, f"{name} {os.getpid()} {time.time()} {mark}\n".encode())
            time.sleep(BEAT_SECONDS)
            mark = "."
    finally:
        os.close(file)


def journal(folder: str) -> list[Beat]:
    """Return what was noted by now."""
    try:
        lines = Path(folder, "journal").read_text().splitlines()
    except FileNotFoundError:
        return []
    rows = map(str.split, lines)
    return [
        Beat(name, int(pid), float(at), mark == "+") for name, pid, at, mark in rows
    ]


@action(retry=1000, retry_delay=0.01)
def items(initial_context: Context) -> list[int]:
    """Return what the map goes over."""
    work(initial_context.storage, "items")
    return list(range(ITEMS))


@action(retry=1000, retry_delay=0.01)
def each(item: int, initial_context: Context) -> bytes:
    """Return few bytes of one item, many of another."""
    work(initial_context.storage, f"each[{item}]")
    return bytes(40_000 if item % 2 else 10)


@action(retry=1000, retry_delay=0.01)
def sizes(previous_context: Context, initial_context: Context) -> list[int]:
    """Return how many bytes each item has."""
    work(initial_context.storage, "sizes")
    return [len(value) for value in previous_context.storage]


@action(retry=1000, retry_delay=0.01)
def grown(previous_context: Context, initial_context: Context) -> bytes:
    """Return more bytes than it is given."""
    before = previous_context.storage or b""
    work(initial_context.storage, f"grown{len(before) // 40_000}")
    return bytes(before) + bytes(40_000)


def build(folder: str) -> DotFlow:
    """Return the workflow: a map and what follows it, beside a chain of large values."""
    storage = StorageSQLite(path=str(Path(folder, "runs.db")))
    flow = DotFlow(Config(storage=storage), workflow_id="kills")
    flow.task.add(items, initial_context=folder, depends_on=[])
    flow.task.add(each, initial_context=folder, map_over="items")
    flow.task.add(sizes, initial_context=folder, depends_on=["each"])
    for number in range(4):
        above = [f"grown{number - 1}"] if number else []
        flow.task.add(
            grown, initial_context=folder, name=f"grown{number}", depends_on=above
        )
    return flow


def drive(mode: Any, folder: str, address: str) -> None:
    """Run the workflow, or go on with it, in a process that may be killed."""
    options: dict[str, Any] = {"address": address} if address else {}
    flow = build(folder)
    flow.start(mode=mode, resume=True, **options)
    found = [task.current_context.storage for task in flow.result_task()]
    assert list(found[2]) == [40_000 if n % 2 else 10 for n in range(ITEMS)], found[2]
    assert [len(value) for value in found[3:]] == [40_000 * n for n in range(1, 5)]


def kill_at_random(
    mode: str, count: int, *, address: str = "", seed: int = 0
) -> Counter[str]:
    """Run workflows on a cluster of this computer, kill workers and drivers, and check.

    No result that is stored is made again, none is lost, nothing works twice at once, and
    what a killed driver had running stops.

    Args:
        mode: What `start(mode=…)` is given.
        count: How many processes to kill.
        address: Where the cluster is, if it outlives its drivers.
        seed: What is drawn from: whom to kill, and when.

    Returns:
        How many drivers and workers were killed, and how many runs came to an end.
    """
    draw, done = random.Random(seed), Counter[str]()
    while done["driver"] + done["worker"] < count:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            trial = Trial(folder)
            ended = False
            while not ended:
                left = count - done["driver"] - done["worker"]
                ended = _one_life(trial, [mode, folder, address], draw, done, left)
                trial.wait_for_silence()
                trial.check()
            done["run"] += 1
    return done


def _one_life(
    trial: Trial, given: list[str], draw: random.Random, done: Counter[str], left: int
) -> bool:
    """Let one driver live until it is killed; True where its run has ended."""
    code = "import sys; from dotflow.testing.executor_kills import drive"
    command = [sys.executable, "-c", f"{code}; drive(*sys.argv[1:])", *given]
    before = len(journal(trial.folder))
    with trial.log.open("ab") as log:
        driver = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        trial.wait(
            lambda: len(journal(trial.folder)) > before or driver.poll() is not None
        )
        while driver.poll() is None and left:
            time.sleep(draw.uniform(0.0, 0.25))
            victim = draw.choice(["driver", "worker", "worker"])
            process = driver.pid if victim == "driver" else trial.someone()
            trial.note_stored()
            if driver.poll() is not None or process is None:
                continue
            try:
                kill(process)
            except ProcessLookupError:  # the last kill was its end
                continue
            left -= 1
            done[victim] += 1
            if victim == "driver":
                driver.wait()
                return False
        driver.wait(PATIENCE)
    finally:
        driver.kill()
        driver.wait()
    assert driver.returncode == 0, trial.said()
    return True


class Trial:
    """One workflow that is killed again and again.

    Args:
        folder: Where its storage and its journal are.

    Attributes:
        log: What its drivers say.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.log = Path(folder, "log")
        self._flow = build(folder)
        # How often each had begun when it was found in the storage.
        self._stored: dict[str, int] = {}

    def said(self) -> str:
        """Return the last of what drivers have said."""
        return self.log.read_text(errors="replace")[-4000:]

    def someone(self) -> int | None:
        """Return a process that works just now."""
        beats = journal(self.folder)
        if beats and time.time() - beats[-1].moment < 5 * BEAT_SECONDS:
            return beats[-1].process
        return None

    def note_stored(self) -> None:
        """Note what the storage has: nothing of that may run again."""
        storage = self._flow.config.storage
        found = [
            name
            for task, names in self._keys()
            if storage.get(storage.key(task)).run_id is not None
            for name in names
        ]
        begun = self._begun()  # afterwards: what is stored had begun before
        for name in found:
            self._stored.setdefault(name, begun[name])

    def check(self) -> None:
        """Check that nothing stored ran again, and nothing twice at once."""
        begun = self._begun()
        again = {
            n: (was, begun[n]) for n, was in self._stored.items() if begun[n] > was
        }
        assert not again, f"ran again although it was stored: {again}"
        last: dict[str, Beat] = {}
        for beat in journal(self.folder):
            before = last.get(beat.name, beat)
            ours = beat.begins or before.process == beat.process
            assert ours, f"two work at once: {before} and {beat}"
            last[beat.name] = beat

    def wait_for_silence(self) -> None:
        """Wait until nobody works any more: there is no driver, so these are orphans."""
        seen, since = len(journal(self.folder)), time.monotonic()

        def silent() -> bool:
            nonlocal seen, since
            if (now := len(journal(self.folder))) != seen:
                seen, since = now, time.monotonic()
            return time.monotonic() > since + SILENCE_SECONDS

        self.wait(silent)
        self.note_stored()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition."""
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, Path(self.folder, "log").read_text()[
                -4000:
            ]
            time.sleep(0.01)

    def _begun(self) -> Counter[str]:
        return Counter(beat.name for beat in journal(self.folder) if beat.begins)

    def _keys(self) -> Iterator[tuple[Any, list[str]]]:
        """Give what the storage knows results by, and what of the journal each covers."""
        for task in self._flow.task.queue:
            parts = [f"each[{index}]" for index in range(ITEMS)]
            yield task, parts if task.name == "each" else [task.name]
            if task.name == "each":
                for index, name in enumerate(parts):
                    yield ItemKey(task, index), [name]
