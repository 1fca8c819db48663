"""Fetch all pages of an API at the same time, at the rate that it allows."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from server import Api, serve

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import LogDefault, StorageSQLite


class Busy(Exception):
    """The API asks to wait."""


async def get(port: int, path: str) -> Any:
    """Return what the API answers; a program of yours would take httpx or aiohttp."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n".encode()
    )
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    if b" 429 " in head.partition(b"\r\n")[0]:
        raise Busy(path)
    return json.loads(body)


@action(rate="20/s", retry=5, retry_delay=0.05, retry_on=Busy)
async def pages(initial_context: Context) -> list[tuple[int, int]]:
    """List the pages there are."""
    port = initial_context.storage
    count = (await get(port, "/pages"))["pages"]
    return [(port, number) for number in range(count)]


@action(rate="20/s", retry=5, retry_delay=0.05, backoff=True, retry_on=Busy, timeout=10)
async def users(item: tuple[int, int]) -> list[str]:
    """Fetch one page."""
    port, number = item
    names: list[str] = (await get(port, f"/users/{number}"))["users"]
    return names


@action
def total(users: list[list[str]]) -> dict[str, int]:
    """Count what was fetched."""
    return {"pages": len(users), "users": sum(map(len, users))}


def build(port: int) -> DotFlow:
    """Return the workflow."""
    config = Config(storage=StorageSQLite("ingest.db"), log=LogDefault(level="ERROR"))
    workflow = DotFlow(config, workflow_id="ingest")
    workflow.task.add(pages, initial_context=port, depends_on=[])
    workflow.task.add(users, map_over=pages)
    workflow.task.add(total, depends_on=users)
    return workflow


if __name__ == "__main__":
    api = serve()
    workflow = build(api.server_port)
    workflow.start(mode="async", resume=True)
    counts = workflow.result_storage()[-1]
    print(f"pages: {counts['pages']}, users: {counts['users']}")
    print(f"requests refused with 429: {len(Api.refused)}")
