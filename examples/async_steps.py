"""Async: an async function is a step like any other.

Prints:
    fetched a, b, c in one wait
"""

from __future__ import annotations

import asyncio
import time

from dotflow import Context, DotFlow, action


@action(timeout=30)
async def fetch() -> tuple[list[str], float]:
    """Get three things at the same time."""
    began = time.monotonic()
    pages = await asyncio.gather(*(page(name) for name in "abc"))
    return list(pages), time.monotonic() - began


@action
def show(previous_context: Context) -> None:
    """Print them from a plain function."""
    pages, seconds = previous_context.storage
    waits = "one wait" if seconds < 0.9 else "three waits"
    print(f"fetched {', '.join(pages)} in {waits}")


async def page(name: str) -> str:
    """Take a while to answer."""
    await asyncio.sleep(0.3)
    return name


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add([fetch, show])

    workflow.start()
