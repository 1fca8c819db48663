"""Kill runs at random moments, resume them and compare, for an hour: `hatch run bench:soak`.

Each trial is a random graph with a map in it, run in a process of its own that is killed
again and again until one run has come to its end. No completed task may have run twice,
and the results must be those of a run that nobody killed. The first trial that differs
ends the soak; its seed repeats it, but for the moments of the kills.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import LogDefault, StorageDefault, StorageFile, StorageSQLite

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

MODES = ("sequential", "sequential_group", "background", "parallel", "threads", "async")
STORAGES: dict[str, Callable[[Path], Storage]] = {
    "sqlite": lambda folder: StorageSQLite(folder / "store.db"),
    "file": lambda folder: StorageFile(path=folder / "store"),
}


def build(seed: int, storage: Storage, journal: Path | None) -> DotFlow:
    """Return the workflow of a seed.

    Args:
        seed: What its tasks and edges are drawn from.
        storage: Where its results are kept.
        journal: Where each task that begins leaves its name; None for nowhere.
    """
    draw = random.Random(seed)

    def begin(name: str) -> None:
        if journal is not None:
            with journal.open("ab", buffering=0) as file:
                file.write(f"{name}\n".encode())
            time.sleep(0.002)

    def step(name: str) -> Any:
        @action
        def run(previous_context: Context) -> tuple[str, bytes]:
            begin(name)
            seen = repr(previous_context.storage).encode()
            return name, sha256(seen).digest() * 100

        return run

    @action
    def items() -> list[int]:
        begin("items")
        return list(range(20))

    @action
    def square(item: int) -> int:
        begin(f"square {item}")
        return item * item

    quiet = LogDefault(level="ERROR")
    flow = DotFlow(Config(storage=storage, log=quiet), workflow_id="soak")
    flow.task.add(items, name="items", depends_on=[], group_name="0")
    names = ["items"]
    for place in range(draw.randint(4, 12)):
        above = draw.sample(names, draw.randint(0, min(3, len(names))))
        names.append(f"t{place}")
        group = str(draw.randint(0, 2))
        flow.task.add(
            step(names[-1]), name=names[-1], depends_on=above, group_name=group
        )
    flow.task.add(square, name="square", map_over=items, group_name="0")
    return flow


def trial(seed: int, folder: Path) -> int:
    """Kill and resume one workflow until a run ends by itself.

    Returns:
        The number of kills.

    Raises:
        AssertionError: A completed task has run again, or a result differs.
    """
    draw = random.Random(seed)
    kind, mode = draw.choice(list(STORAGES)), draw.choice(MODES)
    expected = build(seed, StorageDefault(), None)
    expected.start()
    journal = folder / "journal"
    journal.touch()
    here = [sys.executable, "-m", "benchmarks.soak", "--trial", str(folder)]
    kills = 0
    while True:
        flow = build(seed, STORAGES[kind](folder), journal)
        done = {
            task.name
            for task in flow.task.queue
            if flow.config.storage.get(flow.config.storage.key(task)).run_id is not None
        }
        lines = len(journal.read_text().splitlines())
        process = subprocess.Popen([*here, kind, mode, "--seed", str(seed)])
        try:
            # Not before the first steps begin, or few kills would meet any of them.
            code = process.wait(0.15 + draw.random() * 0.4)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            code, kills = None, kills + 1
        again = set(journal.read_text().splitlines()[lines:]) & done
        assert not again, f"{kind}, {mode}: ran again, though completed: {again}"
        if code is not None:
            break
    assert code == 0, f"{kind}, {mode}: the run ended with {code}"
    flow = build(seed, STORAGES[kind](folder), None)
    flow.start(resume=True)
    assert flow.result_storage() == expected.result_storage(), (
        f"{kind}, {mode}: differs"
    )
    return kills


def main() -> None:
    """Run trials for some time, or one run of one trial."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--trial", nargs=3, metavar=("FOLDER", "STORAGE", "MODE"))
    given = parser.parse_args()
    if given.trial:
        folder, kind, mode = given.trial
        flow = build(given.seed, STORAGES[kind](Path(folder)), Path(folder) / "journal")
        manager = flow.start(mode=mode, resume=True, max_parallel=3)
        manager.wait()
        sys.exit(manager.status != "Completed")
    end = time.monotonic() + given.minutes * 60
    seed, trials, kills = given.seed, 0, 0
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory() as folder:
            try:
                kills += trial(seed, Path(folder))
            except AssertionError as error:
                sys.exit(f"--seed {seed}: {error}")
        seed, trials = seed + 1, trials + 1
    print(f"{trials} workflows, {kills} kills: each ended as if nothing had happened")


if __name__ == "__main__":
    main()
