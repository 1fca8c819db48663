"""What has changed, as it does."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from dotflow_server.access import Reader, may
from dotflow_server.served import Parts

router = APIRouter(tags=["stream"])

_MOST_RUNS = 100
CHECK_SECONDS = 10.0
"""How long whoever listens is taken to be allowed to: a token may be revoked."""


@router.get("/stream", response_class=StreamingResponse)
async def stream(
    request: Request, parts: Parts, _who: Reader, runs: str = ""
) -> StreamingResponse:
    """Tell of changes: `hello`, `run`, `now`, and `reset` where some were missed."""
    wanted = [run_id for run_id in runs.split(",") if run_id][:_MOST_RUNS]
    last = request.headers.get("last-event-id", "")
    return StreamingResponse(
        _while_allowed(request, parts.hub.stream(wanted, last)),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _while_allowed(
    request: Request, messages: AsyncGenerator[str, None]
) -> AsyncGenerator[str, None]:
    checked = time.monotonic()
    async with aclosing(messages):
        async for message in messages:
            if time.monotonic() - checked >= CHECK_SECONDS:
                if not await run_in_threadpool(may, request, "read"):
                    return
                checked = time.monotonic()
            yield message
