"""A WSGI application that runs a workflow for each request."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from dotflow.errors import ConfigError, WorkflowAlreadyRunning
from dotflow.logging import logger
from dotflow.serving.factory import Factory, check_factory
from dotflow.serving.outcome import outcome
from dotflow.serving.request import BadRequest, Request, read_headers, read_request
from dotflow.serving.run import build, start
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from dotflow import DotFlow

HEALTH = "/healthz"
_OK = "200 OK"


def wsgi_app(
    factory: Factory,
    *,
    content: Callable[[Request], Any] = lambda request: request.body,
    answer: Callable[[DotFlow], Any] = outcome,
    methods: Collection[str] = ("POST",),
    token: str | None = None,
    max_bytes: int = 1_000_000,
    **options: Any,
) -> WSGIApplication:
    """Return an application that runs a workflow for each request, and waits for it.

    It answers 200 with what `answer` returns; 400 if the body is not JSON or `content`
    refuses it; 401 without the token; 405 for another method; 413 for too large a body;
    and 500, with no more than the workflow's id, if the run fails: what failed is in the
    log, since an answer may go to a stranger. `GET /healthz` runs nothing: it answers
    200 as long as the process does.

    Args:
        factory: Returns the workflow; see `dotflow.serving.build`.
        content: Returns what the workflow gets of a request, the JSON of its body by
            default. A `ValueError` that it raises is the sender's mistake.
        answer: Returns what to answer for a completed workflow, as JSON can hold it.
        methods: The methods that run the workflow.
        token: What a request must have as `Authorization: Bearer …`. None: whoever the
            platform lets through may run the workflow.
        max_bytes: The largest body, in bytes.
        **options: Arguments of `DotFlow.start`, such as `resume=True`.

    Raises:
        InvalidWorkflowFactory: The factory is a workflow itself, or no function.
        ConfigError: The token is empty.
    """
    check_factory(factory)

    def respond(request: Request) -> tuple[str, bytes]:
        try:
            value = content(request)
        except ValueError as error:
            logger.warning("A request to %r was refused: %s", request.path, error)
            raise BadRequest(
                "400 Bad Request", "The body is not what is expected here."
            ) from error
        flow = None
        try:
            flow = build(factory, value)
            start(flow, **options)
            return _OK, _encoded(answer(flow))
        except WorkflowAlreadyRunning as error:
            logger.warning("A request to %s was refused: %s", request.path, error)
            name: str | None = str(error.workflow_id)
            told = {"workflow_id": name, "status": WorkflowStatus.IN_PROGRESS}
            return "409 Conflict", _encoded(told)
        except Exception:  # noqa: BLE001 - it is logged, and answered with 500
            name = None if flow is None else str(flow.workflow_id)
            logger.exception(
                "The request to %r failed, workflow %s", request.path, name
            )
            told = {"workflow_id": name, "status": WorkflowStatus.FAILED}
            return "500 Internal Server Error", _encoded(told)

    return respond_with(respond, methods=methods, token=token, max_bytes=max_bytes)


def respond_with(
    respond: Callable[[Request], tuple[str, bytes]],
    *,
    methods: Collection[str] = ("POST",),
    token: str | None = None,
    max_bytes: int = 1_000_000,
) -> WSGIApplication:
    """Return an application that answers what a function makes of a request.

    Args:
        respond: Returns the status and the JSON to answer, or raises `BadRequest`.
        methods: As of `wsgi_app`.
        token: As of `wsgi_app`.
        max_bytes: As of `wsgi_app`.

    Raises:
        ConfigError: The token is empty.
    """
    if token is not None and not token.strip():
        raise ConfigError("The token is empty: anyone could run the workflow.")

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        method = environ["REQUEST_METHOD"]
        more: list[tuple[str, str]] = []
        try:
            if environ.get("PATH_INFO") == HEALTH and method in ("GET", "HEAD"):
                status, text = _OK, _encoded({"status": "ok"})
            elif method not in methods:
                more.append(("Allow", ", ".join(methods)))
                raise BadRequest("405 Method Not Allowed", f"{method} runs nothing.")
            elif token is not None and not _has_token(environ, token):
                more.append(("WWW-Authenticate", "Bearer"))
                raise BadRequest("401 Unauthorized", "The token is missing or wrong.")
            else:
                # Last, so that whoever has no token cannot make us read a body.
                status, text = respond(read_request(environ, max_bytes))
        except BadRequest as error:
            status, text = error.status, _encoded({"message": error.message})
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(text))),
            ("Cache-Control", "no-store"),
            *more,
        ]
        start_response(status, headers)
        return [text]

    return app


def _encoded(told: Any) -> bytes:
    return json.dumps(told).encode()


def _has_token(environ: WSGIEnvironment, token: str) -> bool:
    scheme, _, given = read_headers(environ).get("authorization", "").partition(" ")
    # Header values come as latin-1; both sides as bytes, for a comparison that takes
    # as long for a wrong token as for a right one.
    found = given.strip().encode("latin-1", "replace")
    return scheme.lower() == "bearer" and hmac.compare_digest(found, token.encode())
