"""`create_app`: the pages and the API as one ASGI application."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from dotflow.__about__ import __version__
from dotflow_server import pages
from dotflow_server.access import Access, Reader
from dotflow_server.api import (
    admin,
    ingest,
    legacy,
    operate,
    overview,
    runs,
    session,
    stream,
)
from dotflow_server.audit import Audit
from dotflow_server.devices import Devices
from dotflow_server.forgetting import forget_old
from dotflow_server.former import FormerRuns
from dotflow_server.guard import BODY_SECONDS, LOOPBACK, Guard
from dotflow_server.hub import Hub
from dotflow_server.ingesting import Ingesting
from dotflow_server.metrics import Counted, Metrics
from dotflow_server.models import ProblemAnswer
from dotflow_server.problems import handle_problems
from dotflow_server.served import Parts, Served
from dotflow_server.store import Store
from dotflow_server.tokens import Tokens

BASE = "/api/v1"
_PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"model": ProblemAnswer}
    for status in (
        400,
        401,
        403,
        404,
        405,
        408,
        409,
        410,
        413,
        415,
        421,
        422,
        429,
        501,
        503,
    )
}

about = APIRouter(tags=["about"])


@about.get("/healthz", response_class=PlainTextResponse)
def healthz() -> str:
    """Say that the process answers."""
    return "ok\n"


@about.get("/readyz", response_class=PlainTextResponse)
def readyz(parts: Parts) -> str:
    """Say that the store answers, too; 503 where it does not."""
    parts.store.history.runs(limit=1)
    return "ok\n"


@about.get("/metrics", response_class=PlainTextResponse)
def metrics(parts: Parts, _who: Reader) -> Response:
    """Tell what is counted, for Prometheus."""
    text = parts.metrics.text(parts.store)
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def create_app(
    store: Store,
    access: Access,
    *,
    mode: str = "ui",
    tokens: Tokens | None = None,
    ingesting: Ingesting | None = None,
    retention: float | None = None,
    address: str | None = None,
    hosts: Collection[str] = LOOPBACK,
    body_seconds: float = BODY_SECONDS,
) -> FastAPI:
    """Return the application of a server.

    Args:
        store: Where the runs are.
        access: Who may do what.
        mode: `"ui"` on somebody's own store, or `"server"` of a team.
        tokens: Those of a team's server.
        ingesting: What takes the runs of other machines; None for none.
        retention: After how many days runs are forgotten; None for never.
        address: How other processes name the store.
        hosts: The names that the server may be called by.
        body_seconds: How long the body of a request may take to come.
    """
    counted = Metrics()
    hub = Hub(store)
    parts = Served(
        mode=mode,
        store=store,
        access=access,
        audit=Audit(store.storage),
        tokens=tokens,
        hub=hub,
        ingesting=ingesting,
        former=None if ingesting is None else FormerRuns(store, ingesting),
        devices=None if tokens is None else Devices(store.storage, tokens),
        metrics=counted,
        retention=retention,
        address=address,
    )

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        stop, forgetting = asyncio.Event(), None
        if retention is not None:
            forgetting = asyncio.create_task(forget_old(store, retention, stop))
        try:
            yield
        finally:
            hub.stop()
            stop.set()
            if forgetting is not None:
                await forgetting
            await run_in_threadpool(store.close)

    app = FastAPI(
        title="dotflow",
        version=__version__,
        openapi_url=f"{BASE}/openapi.json",
        docs_url=None,  # they come from elsewhere
        redoc_url=None,
        lifespan=life,
        responses=_PROBLEMS,
    )
    app.state.served, app.state.access = parts, access
    routers = [runs, overview, operate, session, admin, stream]
    if ingesting is not None:
        routers += [ingest, legacy]
    for module in routers:
        app.include_router(module.router, prefix=BASE)
    app.include_router(about)
    app.include_router(pages.router)
    handle_problems(app)
    app.add_middleware(Guard, hosts=hosts, body_seconds=body_seconds)
    app.add_middleware(Counted, metrics=counted)
    return app
