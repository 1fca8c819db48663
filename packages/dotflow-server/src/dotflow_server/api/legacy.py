"""The endpoints of dotflow 1.x, in front of the same writer."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from dotflow_server.access import Administrator, Ingester
from dotflow_server.devices import INTERVAL, SECONDS
from dotflow_server.former import FormerRuns
from dotflow_server.problems import Refusal
from dotflow_server.served import Parts

router = APIRouter(tags=["dotflow 1.x"])

HEADER = "x-dotflow-protocol"
"""Says in a request that the client can report events, and in an answer that it may."""


class FormerWorkflow(BaseModel):
    """A workflow as a 1.x client reports it."""

    workflow_id: str = Field(min_length=1, max_length=200)
    workflow_name: str | None = Field(None, max_length=500)


class FormerStatus(BaseModel):
    """How a workflow is."""

    status: str = Field("", max_length=100)


class DeviceAnswer(BaseModel):
    """Where the user of a terminal confirms the sign-in, and how it asks for a token."""

    verification_uri: str
    user_code: str
    device_code: str
    interval: float
    expires_in: float


class DeviceOrder(BaseModel):
    """A terminal asks whether it was let in."""

    device_code: str = Field(max_length=200)


def _writer(
    request: Request, response: Response, parts: Parts, _who: Ingester
) -> FormerRuns | None:
    """Return who writes down what a client tells.

    None for one that will report events, of which these calls tell nothing new.
    """
    response.headers[HEADER] = "1"
    assert parts.former is not None
    return None if HEADER in request.headers else parts.former


Writer = Annotated[FormerRuns | None, Depends(_writer)]


@router.post("/cli/workflows", status_code=201)
def create_workflow(
    told: FormerWorkflow,
    writer: Writer,
) -> dict[str, str]:
    """Report a new workflow."""
    if writer is not None:
        name = told.workflow_name or told.workflow_id
        writer.create_workflow(told.workflow_id, name)
    return {"workflow_id": told.workflow_id}


@router.patch("/cli/workflows/{workflow_id}")
def update_workflow(
    workflow_id: str,
    told: FormerStatus,
    writer: Writer,
) -> dict[str, str]:
    """Report how a workflow is."""
    if writer is not None:
        writer.update_workflow(workflow_id, told.status)
    return {"workflow_id": workflow_id}


@router.post("/cli/workflows/{workflow_id}/tasks", status_code=201)
def create_task(
    workflow_id: str,
    told: dict[str, Any],
    writer: Writer,
) -> dict[str, str]:
    """Report a task that was added."""
    if writer is not None:
        writer.update_task(workflow_id, told)
    return {"workflow_id": workflow_id}


@router.patch("/cli/workflows/{workflow_id}/tasks/{task_id}")
def update_task(
    workflow_id: str,
    task_id: str,
    told: dict[str, Any],
    writer: Writer,
) -> dict[str, str]:
    """Report how a task is."""
    if writer is not None:
        writer.update_task(workflow_id, {"task_id": task_id, **told})
    return {"workflow_id": workflow_id}


@router.post("/cli/device")
def begin_device(request: Request, parts: Parts) -> DeviceAnswer:
    """Begin a sign-in from a terminal: `dotflow login`."""
    assert parts.devices is not None
    client = request.client
    found = parts.devices.begin("" if client is None else client.host)
    address = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return DeviceAnswer(
        verification_uri=f"{address}/device?code={found.user_code}",
        user_code=found.user_code,
        device_code=found.device_code,
        interval=INTERVAL,
        expires_in=SECONDS,
    )


@router.post("/cli/token")
def take_token(order: DeviceOrder, parts: Parts) -> JSONResponse:
    """Return the token of a terminal once somebody has confirmed it."""
    assert parts.devices is not None
    text = parts.devices.take(order.device_code)
    if text is None:
        return JSONResponse({"error": "authorization_pending"}, 400)
    return JSONResponse({"api_token": text})


@router.post("/devices/{user_code}/approve", status_code=204)
def approve_device(user_code: str, parts: Parts, who: Administrator) -> None:
    """Let the terminal in that shows this code; it may report runs."""
    assert parts.devices is not None
    parts.audit.note(who.name, "approve device", user_code)
    if not parts.devices.approve(user_code, who.name):
        raise Refusal(404, "no_device", "No terminal waits with this code.")
