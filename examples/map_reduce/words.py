"""Count the words of a thousand files on every core."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import LogDefault

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon")


@action
def files(initial_context: Context) -> Iterator[Path]:
    """Find the files."""
    yield from sorted(Path(initial_context.storage).glob("*.txt"))


@action(retry=2, retry_delay=0)
def count(item: Path) -> Counter[str]:
    """Count the words of one file."""
    return Counter(item.read_text("utf-8").split())


@action
def add_up(count: list[Counter[str]]) -> Counter[str]:
    """Add up what was counted."""
    total: Counter[str] = Counter()
    for words in count:
        total.update(words)
    return total


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1000):
            path = Path(folder, f"{number:04}.txt")
            path.write_text(" ".join(WORDS * 8), "utf-8")

        workflow = DotFlow(Config(log=LogDefault(level="ERROR")))
        workflow.task.add(files, initial_context=folder)
        workflow.task.add(count, map_over=files)
        workflow.task.add(add_up, depends_on=count)
        workflow.start(mode="parallel")

    total = workflow.result_storage()[-1]
    counts = workflow.result_storage()[1]
    print(f"{len(counts)} files, {sum(total.values())} words")
    print("the most frequent:", sorted(total.items())[:2] + sorted(total.items())[4:])
