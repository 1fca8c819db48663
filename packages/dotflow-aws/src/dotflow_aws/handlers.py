"""Handlers for AWS Lambda: each runs a workflow for what an event brings.

A handler is made of a *factory*, a function that returns a `DotFlow` and does not start
it. One that takes an argument is called with the event's content. One without, as
`dotflow start --workflow` takes it, is called as it is, and every task that has no
initial context gets the content as one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dotflow.errors import WorkflowAlreadyRunning
from dotflow.logging import logger
from dotflow.serving import Factory as Factory
from dotflow.serving import TaskFailed as TaskFailed
from dotflow.serving import TaskFailedForGood as TaskFailedForGood
from dotflow.serving import WorkflowFailed as WorkflowFailed
from dotflow.serving import build, check_factory, run, run_task_event
from dotflow.serving import start as start_flow
from dotflow.types import WorkflowStatus
from dotflow_aws import events

if TYPE_CHECKING:
    from dotflow import DotFlow

Result = Callable[["DotFlow"], Any]
Handler = Callable[[Any, Any], Any]


def task_handler(factory: Factory) -> Handler:
    """Return a handler that runs one task of a workflow, for Step Functions.

    Args:
        factory: Returns the workflow; its content is the `input` of an event.

    Returns:
        The handler. Events, answers and errors are those of
        `dotflow.serving.run_task_event`: a state machine knows `TaskFailed` and
        `TaskFailedForGood` by these names.
    """
    check_factory(factory)

    def handle(event: Any, _context: Any = None) -> Any:
        return run_task_event(factory, event)

    return handle


def lambda_handler(
    factory: Factory, *, result: Result | None = None, **start: Any
) -> Handler:
    """Return a handler that runs a workflow with the event.

    It suits what invokes a function with a JSON document of its own: a call of
    `Invoke`, Step Functions, EventBridge Scheduler.

    Args:
        factory: Returns the workflow.
        result: Called with the workflow when it has completed; returns what to answer,
            something that JSON can hold. Default: the workflow's id and status.
        **start: Arguments of `DotFlow.start`, such as `resume=True`.

    Returns:
        The handler. It raises `WorkflowFailed` if the workflow does not complete, so
        that Lambda takes the invocation for a failed one, too.
    """
    check_factory(factory)

    def handle(event: Any, _context: Any = None) -> Any:
        return _answer(run(factory, event, **start), result)

    return handle


def eventbridge_handler(
    factory: Factory, *, result: Result | None = None, **start: Any
) -> Handler:
    """Return a handler of events and schedules of EventBridge.

    The factory gets the whole event: its `id` makes a `workflow_id` with which a
    repeated delivery resumes, and `detail` is what the sender wrote.

    Args:
        factory: As of `lambda_handler`.
        result: As of `lambda_handler`.
        **start: Arguments of `DotFlow.start`.
    """
    return lambda_handler(factory, result=result, **start)


def s3_handler(factory: Factory, **start: Any) -> Handler:
    """Return a handler of S3 notifications: a run for each object.

    Args:
        factory: Returns the workflow for an object; see `dotflow_aws.events`.
        **start: Arguments of `DotFlow.start`.

    Returns:
        The handler. A run that fails does not keep the others from running; then the
        handler raises `WorkflowFailed`.
    """
    check_factory(factory)

    def handle(event: Any, _context: Any = None) -> Any:
        answers, problems = [], []
        for item in events.s3_objects(event):
            try:
                answers.append(_answer(run(factory, item, **start)))
            except Exception as error:  # noqa: BLE001 - raised below, with the others
                problems.append((item, error))
        if problems:
            texts = [f"s3://{i['bucket']}/{i['key']}: {e}" for i, e in problems]
            raise WorkflowFailed("; ".join(texts)) from problems[0][1]
        return {"workflows": answers}

    return handle


def sqs_handler(factory: Factory, **start: Any) -> Handler:
    """Return a handler of an SQS queue: a run for each message.

    The event source mapping needs `FunctionResponseTypes: [ReportBatchItemFailures]`:
    then only the messages whose runs fail come back. Without it, Lambda takes a batch
    for done whatever failed in it.

    Args:
        factory: Returns the workflow for a message; see `dotflow_aws.events`. With
            `workflow_id=message["message_id"]` and `resume=True`, a message that comes
            back goes on where it failed.
        **start: Arguments of `DotFlow.start`.

    Returns:
        The handler. It never raises for a message, but for an event without any. Of a
        FIFO queue it leaves what comes after a failure to the next delivery, to keep the
        order.
    """
    check_factory(factory)

    def handle(event: Any, _context: Any = None) -> Any:
        failed: list[str] = []
        records = event.get("Records") if isinstance(event, dict) else None
        if not isinstance(records, list) or not all(
            map(_is_message, records or [None])
        ):
            raise events.UnknownEvent("of SQS: it has no messages", event)
        for record in records:
            in_order = str(record.get("eventSourceARN", "")).endswith(".fifo")
            if not (failed and in_order):
                try:
                    run(factory, events.sqs_message(record), **start)
                    continue
                except Exception:  # noqa: BLE001 - it is logged, and comes back
                    logger.exception("SQS message %s failed", record["messageId"])
            failed.append(record["messageId"])
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    return handle


def http_handler(
    factory: Factory,
    *,
    result: Result | None = None,
    content: Callable[[dict[str, Any]], Any] | None = None,
    **start: Any,
) -> Handler:
    """Return a handler of an API Gateway HTTP API, or of a function URL.

    Args:
        factory: Returns the workflow for a request; see `dotflow_aws.events`.
        result: As of `lambda_handler`; it becomes the answer's body.
        content: Returns what the workflow gets of a request; default: all of it.
        **start: Arguments of `DotFlow.start`.

    Returns:
        The handler. It answers 200 with the result, 400 if the body is not the JSON
        that it says to be, and 500, with no more than the workflow's id, if a run
        fails. What failed is in the log, since an answer may go to a stranger.
    """
    check_factory(factory)

    def handle(event: Any, _context: Any = None) -> Any:
        try:
            request = events.http_request(event)
        except events.UnknownEvent as error:
            logger.error("%s", error)
            return _response(400, {"message": "This is no HTTP request."})
        except ValueError:
            return _response(400, {"message": "The body is not valid JSON."})
        flow = None
        try:
            value = request if content is None else content(request)
            flow = build(factory, value)
            start_flow(flow, **start)
            return _response(200, _answer(flow, result))
        except WorkflowAlreadyRunning as error:
            logger.warning(
                "The request %s was refused: %s", request["request_id"], error
            )
            told = {
                "workflow_id": str(error.workflow_id),
                "status": WorkflowStatus.IN_PROGRESS,
            }
            return _response(409, told)
        except Exception:  # noqa: BLE001 - it is logged, and answered with 500
            logger.exception("The request %s failed", request["request_id"])
            name = None if flow is None else str(flow.workflow_id)
            return _response(
                500, {"workflow_id": name, "status": WorkflowStatus.FAILED}
            )

    return handle


def _is_message(record: Any) -> bool:
    return isinstance(record, dict) and "messageId" in record


def _answer(flow: DotFlow, result: Result | None = None) -> Any:
    if result is not None:
        return result(flow)
    return {"workflow_id": str(flow.workflow_id), "status": WorkflowStatus.COMPLETED}


def _response(status: int, body: Any) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }
