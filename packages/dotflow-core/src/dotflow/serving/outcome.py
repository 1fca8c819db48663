"""What is told of a run that has completed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dotflow.base.guard import STOPS, error_message
from dotflow.logging import warn
from dotflow.types import TypeStatus, WorkflowStatus

if TYPE_CHECKING:
    from dotflow import DotFlow


_strict = json.JSONEncoder(allow_nan=False)


def outcome(flow: DotFlow) -> dict[str, Any]:
    """Return what to answer for a workflow that has completed, as JSON can hold it.

    Args:
        flow: The workflow.

    Returns:
        `workflow_id`, `status`, and `result`: what the last task returned, where the run
        was not skipped for another one. A result
        that JSON has no form for is left out, with a warning in the log, since the
        platform would run the workflow again for an answer that fails.
    """
    told = {"workflow_id": str(flow.workflow_id), "status": WorkflowStatus.COMPLETED}
    results = flow.result_storage()
    if not results:
        return told
    if flow.result_task()[-1].status == TypeStatus.NOT_STARTED:
        return told | {"status": WorkflowStatus.SKIPPED}
    try:
        text = _strict.encode(results[-1])
    except STOPS:
        raise
    except BaseException as error:  # noqa: BLE001 - it is made by code of the value
        warn(
            "Workflow %s: the result is not in the answer, since JSON cannot hold it"
            " (%s)",
            flow.workflow_id,
            error_message(error),
        )
        return told
    return told | {"result": json.loads(text)}
