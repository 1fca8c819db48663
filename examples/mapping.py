"""Mapping: one step for each item that another one finds, then one for all results.

Prints:
    pages: 4 of 4 done, 1 retried
    12 words
"""

from __future__ import annotations

from collections.abc import Iterator

from dotflow import DotFlow, action

PAGES = ["to be or", "not to be", "that is the", "question so far"]
seen: set[int] = set()


@action
def find_pages() -> Iterator[str]:
    """Find pages one by one: how many there are is known only in the end."""
    return (page for page in PAGES)


@action(retry=3, retry_delay=0.01)
def count_words(item: str, index: int) -> int:
    """Count the words of one page; the third one fails at first."""
    if index == 2 and index not in seen:
        seen.add(index)
        raise ConnectionError("try again")
    return len(item.split())


@action
def add_up(count_words: list[int]) -> int:
    """Add the results, which are in the order of the pages."""
    return sum(count_words)


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(step=find_pages)
    workflow.task.add(step=count_words, map_over=find_pages)
    workflow.task.add(step=add_up, depends_on=count_words)

    workflow.start()

    progress = workflow.task["count_words"].mapped
    if progress is not None:
        counts = f"{progress.completed} of {progress.total} done"
        print(f"pages: {counts}, {progress.retried} retried")
    print(workflow.result_storage()[-1], "words")
