"""The events of runs on other machines; see docs/server-protocol.md."""

import threading
import zlib
from contextlib import nullcontext
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError

from dotflow_server.access import Ingester
from dotflow_server.bounded_json import TooManyValues, read_json
from dotflow_server.ingesting import Batch
from dotflow_server.problems import Refusal
from dotflow_server.served import Parts

router = APIRouter(tags=["ingest"])

PROTOCOL = 1
MOST_INFLATED = 64 << 20
"""How large a batch may be once it is no longer compressed, in bytes."""

# A batch takes several times its size while it is read: one at a time of the large ones.
_LARGE = 1 << 20
_one_large = threading.Lock()


class BatchBody(BaseModel):
    """A batch of events of one run; an empty one is a heartbeat."""

    run: dict[str, Any] | None = None
    events: list[list[Any]] = Field(default_factory=list)
    maps: dict[str, list[Any]] = Field(default_factory=dict)


class BatchAnswer(BaseModel):
    """The first event that is missing, and why the run is to end, if it is."""

    next: int
    cancel: str | None


class Protocol(BaseModel):
    """Which protocol a server speaks."""

    protocol: int


@router.get("/protocol")
def protocol(_who: Ingester) -> Protocol:
    """Tell a runner which protocol this server speaks."""
    return Protocol(protocol=PROTOCOL)


@router.post(
    "/runs/{run_id}/events",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": BatchBody.model_json_schema()}},
        }
    },
)
async def take_events(
    run_id: str, request: Request, parts: Parts, _who: Ingester
) -> BatchAnswer:
    """Write a batch durably, and answer what is missing, and whether to cancel."""
    body = await request.body()
    encoding = request.headers.get("content-encoding", "identity")
    ingesting = parts.ingesting
    assert ingesting is not None

    def take() -> BatchAnswer:
        batch = read_batch(body, encoding)
        missing = ingesting.take(run_id, batch)
        parts.metrics.add_events(len(batch.events))
        return BatchAnswer(next=missing, cancel=ingesting.asked(run_id))

    return await to_thread.run_sync(take, limiter=ingesting.turns)


def read_batch(body: bytes, encoding: str) -> Batch:
    """Return the batch that a body is.

    Args:
        body: As it has come.
        encoding: Its `Content-Encoding`.

    Raises:
        Refusal: It is none, or too large.
    """
    if encoding == "gzip":
        body = _inflated(body)
    elif encoding != "identity":
        raise Refusal(415, "encoding", f"Only gzip is understood, not {encoding!r}.")
    try:
        with _one_large if len(body) > _LARGE else nullcontext():
            told = BatchBody.model_validate(read_json(body or b"{}"))
    except TooManyValues as error:
        text = f"{error} Send fewer events at once."
        raise Refusal(413, "too_large", text) from error
    except (ValueError, RecursionError, ValidationError) as error:
        text = f"The body is no batch: {type(error).__name__}."
        raise Refusal(422, "invalid", text) from error
    return Batch(told.run, told.events, told.maps)


def _inflated(body: bytes) -> bytes:
    machine = zlib.decompressobj(wbits=31)
    try:
        found = machine.decompress(body, MOST_INFLATED)
    except zlib.error as error:
        raise Refusal(422, "invalid", "The body is no gzip.") from error
    if machine.unconsumed_tail:
        text = f"The batch is larger than {MOST_INFLATED} bytes once inflated."
        raise Refusal(413, "too_large", text)
    if not machine.eof:
        raise Refusal(422, "invalid", "The body ends in the middle of its gzip.")
    if machine.unused_data:
        raise Refusal(422, "invalid", "The body goes on after the end of its gzip.")
    return found
