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

from dotflow.base.identity import quote_name
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

ITEMS, WHOLES = 6, 2
# How long a step works, and how often it notes that it does.
WORK_SECONDS, BEAT_SECONDS = 0.06, 0.01
# What a step with a timeout is given: on a busy machine a process of its own begins late.
TIMEOUT_SECONDS = 3.0
# How long nobody must have worked to say that nobody does.
SILENCE_SECONDS = 0.6
PATIENCE = 120.0


class Beat(NamedTuple):
    """A line of the journal: a step that works.

    Attributes:
        name: What works.
        process: In which process.
        parent: What has started that process.
        call: Which call it is: two of one name never share it.
        moment: When.
        begins: Whether it begins.
    """

    name: str
    process: int
    parent: int
    call: int
    moment: float
    begins: bool


def work(folder: str, name: str, seconds: float = WORK_SECONDS) -> None:
    """Work for a moment, and note it in the journal all the time."""
    file = os.open(Path(folder, "journal"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        until, mark = time.monotonic() + seconds, "+"
        who = f"{name} {os.getpid()} {os.getppid()} {time.monotonic_ns()}"
        while time.monotonic() < until:
            os.write(file, f"{who} {time.time()} {mark}\n".encode())
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
    return [
        Beat(name, int(process), int(parent), int(call), float(moment), mark == "+")
        for name, process, parent, call, moment, mark in map(str.split, lines)
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


@action(retry=1000, retry_delay=0.01, isolate=True)
def alone(initial_context: Context) -> str:
    """Work in a process of its own."""
    work(initial_context.storage, "alone")
    return "alone"


@action(retry=1000, retry_delay=0.01, timeout=TIMEOUT_SECONDS)
def bounded(initial_context: Context) -> str:
    """Work without an end, until a timeout has ended that once."""
    folder = initial_context.storage
    late = Path(folder, "late")
    if late.exists():
        work(folder, "bounded")
        return "bounded"
    try:
        work(folder, "bounded", PATIENCE)
    finally:  # not where it was killed
        late.touch()
    return "never"


@action(retry=1000, retry_delay=0.01)
def inner(previous_context: Context, initial_context: Context) -> str:
    """Be one of the two tasks of a sub-workflow, the second after the first."""
    second = previous_context.storage == "within/first"
    name = "within/second" if second else "within/first"
    work(initial_context.storage, name)
    return name


@action(retry=1000, retry_delay=0.01)
def begin(initial_context: Context) -> dict[str, Any]:
    """Return the folder and the item, for what follows in a mapped sub-workflow."""
    item = initial_context.storage
    work(item["folder"], f"over[{item['index']}]/begin")
    return dict(item)


@action(retry=1000, retry_delay=0.01)
def finish(previous_context: Context) -> int:
    """End a mapped sub-workflow."""
    item = previous_context.storage
    work(item["folder"], f"over[{item['index']}]/finish")
    return int(item["index"])


@action(retry=1000, retry_delay=0.01)
def places(initial_context: Context) -> list[dict[str, Any]]:
    """Return what the mapped sub-workflow goes over."""
    work(initial_context.storage, "places")
    return [{"folder": initial_context.storage, "index": n} for n in range(WHOLES)]


def build(folder: str) -> DotFlow:
    """Return the workflow that is killed.

    It has a map and what follows it, a chain of large values, a step in a process of its
    own, one that exceeds its timeout, and sub-workflows: a plain and a mapped one.
    """
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
    flow.task.add(alone, initial_context=folder, depends_on=[])
    flow.task.add(bounded, initial_context=folder, depends_on=[])
    within, over = DotFlow(name="within"), DotFlow(name="over")
    within.task.add(inner, initial_context=folder, name="first", depends_on=[])
    within.task.add(inner, initial_context=folder, name="second", depends_on=["first"])
    flow.task.add(within, name="within", depends_on=["alone"])
    over.task.add(begin)
    over.task.add(finish, depends_on=["begin"])
    flow.task.add(places, initial_context=folder, depends_on=[])
    flow.task.add(over, name="over", map_over="places")
    return flow


def drive(mode: Any, folder: str, address: str) -> None:
    """Run the workflow, or go on with it, in a process that may be killed."""
    options: dict[str, Any] = {"address": address} if address else {}
    flow = build(folder)
    flow.start(mode=mode, resume=True, **options)
    found = {task.name: task.current_context.storage for task in flow.result_task()}
    grown_to = [len(found[f"grown{number}"]) for number in range(4)]
    assert grown_to == [40_000, 80_000, 120_000, 160_000], grown_to
    assert found["sizes"] == [40_000 if n % 2 else 10 for n in range(ITEMS)], found
    assert (found["alone"], found["bounded"]) == ("alone", "bounded"), found
    assert (found["within"], found["over"]) == ("within/second", [0, 1]), found


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
            trial = Trial(folder, draw)
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
        draw: What is drawn from.

    Attributes:
        log: What its drivers say.
    """

    def __init__(self, folder: str, draw: random.Random) -> None:
        self.folder = folder
        self._draw = draw
        self.log = Path(folder, "log")
        self._flow = build(folder)
        # How often each had begun when it was found in the storage.
        self._stored: dict[str, int] = {}

    def said(self) -> str:
        """Return the last of what drivers have said."""
        return self.log.read_text(errors="replace")[-4000:]

    def someone(self) -> int | None:
        """Return a process that works just now, or the worker that has started it."""
        last = next(reversed(journal(self.folder)), None)
        if last is None or time.time() - last.moment > 5 * BEAT_SECONDS:
            return None
        of_worker = last.name == "alone" and self._draw.random() < 0.5
        return last.parent if of_worker else last.process

    def note_stored(self) -> None:
        """Note what the storage has: nothing of that may run again."""
        storage = self._flow.config.storage
        found = [
            name
            for key, names in _keys(self._flow)
            if storage.get(key).run_id is not None
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
            ours = beat.begins or before.call == beat.call
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


def _keys(flow: DotFlow) -> Iterator[tuple[str, list[str]]]:
    """Give what the storage knows results by, and what of the journal each covers."""
    storage = flow.config.storage
    items = {
        "each": [[f"each[{n}]"] for n in range(ITEMS)],
        "over": [[f"over[{n}]/begin", f"over[{n}]/finish"] for n in range(WHOLES)],
    }
    for task in flow.task.queue:
        parts = items.get(task.name, [[task.name]])
        yield storage.key(task), [name for names in parts for name in names]
        if task.name in items:
            for index, names in enumerate(parts):
                yield storage.key(ItemKey(task, index)), names
    for name in ("within/first", "within/second"):
        yield f"{flow.workflow_id}-{quote_name(name)}", [name]
