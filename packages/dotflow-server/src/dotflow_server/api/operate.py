"""Cancel and retry runs; pause, resume and begin schedules."""

from fastapi import APIRouter

from dotflow.errors import DotflowError
from dotflow_server import actions, models, orders, views
from dotflow_server.access import Operator
from dotflow_server.served import Parts

router = APIRouter(tags=["operate"])

MOST_RETRIED = 20
"""How many runs are started again at once: each is a process on this machine."""


@router.post("/runs/bulk")
def change_runs(
    order: orders.BulkOrder, parts: Parts, who: Operator
) -> orders.BulkAnswer:
    """Cancel or retry several runs, and tell what became of each."""
    results = []
    for number, run_id in enumerate(dict.fromkeys(order.run_ids)):
        if order.action == "retry" and number >= MOST_RETRIED:
            text = f"{MOST_RETRIED} runs at once are started again: try it later."
            results.append(orders.BulkResult(run_id=run_id, ok=False, message=text))
            continue
        parts.audit.note(who.name, order.action, run_id)
        try:
            if order.action == "cancel":
                actions.cancel(parts, run_id, f"{who.name} cancelled it")
            else:
                # Several may be of one workflow, of which one runs at a time.
                actions.retry(parts, run_id, None, waits=True)
        except DotflowError as error:
            told = orders.BulkResult(run_id=run_id, ok=False, message=str(error))
        else:
            told = orders.BulkResult(run_id=run_id, ok=True, message="")
        results.append(told)
    return orders.BulkAnswer(results=results)


@router.post("/runs/{run_id}/cancel")
def cancel_run(
    run_id: str,
    parts: Parts,
    who: Operator,
    order: orders.CancelOrder | None = None,
) -> orders.Asked:
    """Ask the process of a run to end it; what is completed is kept."""
    parts.audit.note(who.name, "cancel", run_id)
    reason = (order or orders.CancelOrder()).reason
    actions.cancel(parts, run_id, reason)
    return orders.Asked(asked=True)


@router.post("/runs/{run_id}/retry")
def retry_run(
    run_id: str,
    parts: Parts,
    who: Operator,
    order: orders.RetryOrder | None = None,
) -> orders.Started:
    """Run again what a run has not completed, or a task and all after it."""
    parts.audit.note(who.name, "retry", run_id)
    actions.retry(parts, run_id, order.from_task if order else None)
    return orders.Started(started=True, run_id=None)


@router.post("/schedules/{name:path}/pause")
def pause_schedule(name: str, parts: Parts, who: Operator) -> models.ScheduleRow:
    """Let no run of a schedule begin, in no process."""
    return _changed("pause", name, parts, who)


@router.post("/schedules/{name:path}/resume")
def resume_schedule(name: str, parts: Parts, who: Operator) -> models.ScheduleRow:
    """Let the runs of a schedule begin again, from its next time on."""
    return _changed("resume", name, parts, who)


@router.post("/schedules/{name:path}/run")
def run_schedule(name: str, parts: Parts, who: Operator) -> models.ScheduleRow:
    """Ask the process of a schedule to begin a run now."""
    return _changed("trigger", name, parts, who)


def _changed(action: str, name: str, parts: Parts, who: Operator) -> models.ScheduleRow:
    schedules = parts.store.schedules
    schedules.get(name)
    parts.audit.note(who.name, action, name)
    getattr(schedules, action)(name)
    return views.schedule_row(schedules.get(name))
