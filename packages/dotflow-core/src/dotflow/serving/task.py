"""One task of a workflow run for an event: a step of a platform's own engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dotflow.errors import DotflowError, StorageError
from dotflow.logging import logger
from dotflow.serving.factory import Factory, check_factory
from dotflow.serving.flush import flush_providers
from dotflow.serving.request import BadRequest, Request
from dotflow.serving.run import WorkflowFailed, build
from dotflow.serving.wsgi import respond_with
from dotflow.types import WorkflowStatus
from dotflow.workflow.single_task import run_task

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_FAILED = b'{"message": "The task has failed."}'
_OPTIONS = {"mode": str, "keep_going": bool}


class TaskFailed(WorkflowFailed):
    """A task has failed, and another attempt may come to something else."""


class TaskFailedForGood(WorkflowFailed):
    """A task has failed, or could not be run, and no further attempt can help."""


class InvalidTaskEvent(TaskFailedForGood):
    """An event does not say which task of which run is to be run."""

    def __init__(self) -> None:
        super().__init__(
            'An event has to be {"task": name, "run": id}, and may have "input", "mode"'
            ' and "keep_going" beside them.'
        )


def run_task_event(factory: Factory, event: Any) -> dict[str, Any]:
    """Run one attempt of the task that an event names.

    Args:
        factory: Returns the workflow; see `dotflow.serving.build`. Its content is the
            event's `input`.
        event: `{"task": name, "run": id, "input": …}`; with `mode` and `keep_going`, as
            of `DotFlow.start`, or without. The id is what all events of one run have in
            common; results pass through the workflow's storage.

    Returns:
        `task`, `run` and `status`: Completed, also where the task was completed already,
        or Skipped, where what it depends on has failed.

    Raises:
        TaskFailed: It failed, and another attempt may help.
        TaskFailedForGood: It failed, or could not begin, and none can help.
        StorageError: The storage failed before the task has begun.
    """
    name, run_id, options = _read(event)
    try:
        flow = build(factory, event.get("input"), may_start=False)
        try:
            run = run_task(flow, name, run_id, **options)
        finally:
            flush_providers(flow.config)
    except StorageError:
        raise  # it may be there again the next time
    except (DotflowError, SystemExit) as error:
        raise TaskFailedForGood(f"{type(error).__name__}: {error}") from error
    status = run.task.status
    if run.status == WorkflowStatus.COMPLETED:
        return {"task": name, "run": run_id, "status": status}
    text = f"Task '{name}' of run '{run_id}' is {status}: {run.task.reason}"
    raise (TaskFailed if run.retryable else TaskFailedForGood)(text)


def task_app(
    factory: Factory, *, token: str | None = None, max_bytes: int = 1_000_000
) -> WSGIApplication:
    """Return a WSGI application that runs one task for each request.

    It takes the event of `run_task_event` as JSON and answers 200 with what that
    returns; 400 if it is no such event; 422 if no further attempt can help; 500 if
    another may. What failed is in the log. `GET /healthz`, the token and the size are as
    of `wsgi_app`.

    Args:
        factory: Returns the workflow; see `dotflow.serving.build`.
        token: As of `wsgi_app`.
        max_bytes: As of `wsgi_app`.

    Raises:
        DotflowError: As of `wsgi_app`.
    """
    check_factory(factory)

    def respond(request: Request) -> tuple[str, bytes]:
        try:
            told = run_task_event(factory, request.body)
            return "200 OK", json.dumps(told).encode()
        # The finest first: each is a kind of the one below it.
        except InvalidTaskEvent as error:
            raise BadRequest("400 Bad Request", str(error)) from error
        except TaskFailedForGood as error:
            logger.error("%s", error)
            return "422 Unprocessable Content", _FAILED
        except TaskFailed as error:
            logger.error("%s", error)
            return "500 Internal Server Error", _FAILED
        except Exception:  # noqa: BLE001 - it is logged, and answered with 500
            logger.exception("A request to %r failed", request.path)
            return "500 Internal Server Error", _FAILED

    return respond_with(respond, token=token, max_bytes=max_bytes)


def _read(event: Any) -> tuple[str, str, dict[str, Any]]:
    if not isinstance(event, dict) or event.keys() - _OPTIONS - {
        "task",
        "run",
        "input",
    }:
        raise InvalidTaskEvent
    name, run_id = event.get("task"), event.get("run")
    options = {key: event[key] for key in _OPTIONS if key in event}
    if not (isinstance(name, str) and isinstance(run_id, str)):
        raise InvalidTaskEvent
    if not all(isinstance(value, _OPTIONS[key]) for key, value in options.items()):
        raise InvalidTaskEvent
    return name, run_id, options
