"""Connects the providers of a `Config` to the events of a run."""

from __future__ import annotations

from dotflow.base.fan_out import FanOut
from dotflow.base.guard import STOPS
from dotflow.model import events
from dotflow.types import WorkflowStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from dotflow.abc.history import Recorder
    from dotflow.abc.log import Log
    from dotflow.abc.metrics import Metrics
    from dotflow.abc.notify import Notify
    from dotflow.abc.server import Server
    from dotflow.abc.tracer import Tracer
    from dotflow.model.graph import Graph
    from dotflow.model.task import TaskInstance

    Listeners = dict[type[events.Event], events.Listener]
    Follow = Callable[[Server], Recorder | None]

    class Unserved(Protocol):
        """A run whose workflow no server was told of; a `ServedRun`."""

        def register(self, server: Server, tasks: Sequence[TaskInstance]) -> None:
            """Report the run and its tasks as new."""

        def told(self, task: TaskInstance) -> TaskInstance:
            """Return a task as the server knows it."""


# What a notifier and a server hear: every change of a task's status. A further attempt
# of a task that was told as "Retry" is not one.
_STATUS_EVENTS = (
    events.TaskStarted,
    events.TaskRestored,
    events.TaskRetried,
    events.TaskCompleted,
    events.TaskFailed,
    events.TaskCancelled,
    events.TaskSkipped,
)


def connect_providers(
    tellers: Mapping[str, Any],
    bus: events.EventBus,
    workflow: Any,
    graph: Graph | None = None,
    unserved: Unserved | None = None,
    follow: Follow | None = None,
) -> None:
    """Subscribe every active provider to `bus`.

    Args:
        tellers: The providers, as `tellers` of `config/config.py` returns them.
        bus: The bus of the run.
        workflow: What `Server.update_workflow` receives.
        graph: What runs; None where a task runs without one.
        unserved: What a server is to be told first, where it does not know the workflow.
        follow: Has a server hear of the run, event by event; None without a run.
    """
    # A task without a run is nothing that rules could judge.
    notify = None if graph is None else tellers.get("notify")
    ruled = notify is not None and notify.alert_rules is not None
    connect: dict[str, Callable[[Any], None]] = {
        "tracer": lambda tracer: _connect_tracer(tracer, bus, graph),
        "notify": lambda notify: connect_notify(notify, bus, ruled),
        "log": lambda log: _connect_log(log, bus),
        "metrics": lambda metrics: _connect_metrics(metrics, bus),
        "server": lambda server: _connect_server(
            server, bus, workflow, unserved, follow
        ),
    }
    for family, provider in tellers.items():
        _connect_family(family, provider, connect[family], bus)


def connect_server(
    server: Server, bus: events.EventBus, unserved: Unserved, follow: Follow
) -> None:
    """Subscribe a server alone, that of this machine, where nobody else is told.

    Args:
        server: The server.
        bus: The bus of the run.
        unserved: The run.
        follow: As of `connect_providers`.
    """
    _connect_family(
        "server",
        server,
        lambda part: _connect_server(part, bus, None, unserved, follow),
        bus,
    )


def _connect_family(
    family: str, provider: Any, call: Callable[[Any], None], bus: events.EventBus
) -> None:
    # Each of several by itself, so that the bus reports it by its own name.
    for part in provider.parts if isinstance(provider, FanOut) else (provider,):
        try:
            if part.listening() if family == "log" else part.active:
                call(part)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            bus.report(type(part).__name__, error)


def _is_first(event: events.TaskStarted) -> bool:
    return event.task.attempt == 1


def _queued(
    bus: events.EventBus, tell: Callable[[TaskInstance], None], name: str
) -> events.Listener:
    """Return what tells of each task that waits for its turn as the run begins."""

    def on_queued(event: events.TasksQueued) -> None:
        for task in event.tasks:
            # Not by `called`: what was raised, and holds what its frames have open, is
            # let go of here at once.
            try:
                tell(task)
            except STOPS:
                raise
            except BaseException as error:  # noqa: BLE001 - telling never breaks running
                bus.report(name, error)

    return on_queued


def connect_notify(notify: Notify, bus: events.EventBus, ruled: bool = False) -> None:
    """Subscribe a notifier alone.

    Args:
        notify: The notifier.
        bus: The bus of the run.
        ruled: Whether `NotifyRules` say what it hears of.
    """
    if ruled and not notify.every_status:
        return  # it hears of alerts
    from dotflow.abc.notify import Notify

    tell = notify.hook_status_task

    def on_status(event: events.TaskEvent) -> None:
        tell(event.task)

    def on_started(event: events.TaskStarted) -> None:
        if _is_first(event):
            tell(event.task)

    name = type(notify).__name__
    listeners: Listeners = dict.fromkeys(_STATUS_EVENTS, on_status)
    listeners[events.TasksQueued] = _queued(bus, tell, name)
    listeners[events.TaskStarted] = on_started
    if type(notify).hook_task_progress is not Notify.hook_task_progress:
        listeners[events.TaskProgress] = _progress_teller(notify)
    bus.subscribe_all(listeners, name)


def _progress_teller(notify: Notify) -> events.Listener:
    def on_progress(event: events.TaskProgress) -> None:
        told = event.detail
        if (
            event.index is None
        ):  # of a map `task.mapped` tells how many items have ended
            notify.hook_task_progress(
                event.task, told["name"], told["done"], told["total"]
            )

    return on_progress


def _connect_log(log: Log, bus: events.EventBus) -> None:
    info, warning = log.info, log.warning

    def on_info(event: events.TaskEvent) -> None:
        info(task=event.task)

    def on_started(event: events.TaskStarted) -> None:
        if _is_first(event):
            info(task=event.task)

    def on_queued(event: events.TasksQueued) -> None:
        log.queued(event.tasks)

    def on_warning(event: events.TaskEvent) -> None:
        warning(task=event.task)

    def on_failed(event: events.TaskFailed) -> None:
        log.failed(event.task, event.failure)

    def on_output(event: events.TaskOutput) -> None:
        for when, stream, text in event.detail["output"]:
            log.task_output(event.task, when, stream, text)

    name = type(log).__name__
    listeners: Listeners = {
        events.TaskRetried: on_warning,
        events.TaskSkipped: on_warning,
        events.TaskCancelled: on_failed,
        events.TaskFailed: on_failed,
    }
    if log.hears_progress():
        listeners |= {
            events.TasksQueued: on_queued,
            events.TaskStarted: on_started,
            events.TaskRestored: on_info,
            events.TaskCompleted: on_info,
        }
    if events.TaskOutput in bus.kinds:
        from dotflow.abc.log import Log

        if type(log).task_output is not Log.task_output:
            listeners[events.TaskOutput] = on_output
    bus.subscribe_all(listeners, name)


def _connect_metrics(metrics: Metrics, bus: events.EventBus) -> None:
    def on_started(event: events.RunStarted) -> None:
        metrics.workflow_started(event.workflow_id, mode=event.mode)

    def on_finished(event: events.RunFinished) -> None:
        if event.status == WorkflowStatus.COMPLETED:
            metrics.workflow_completed(event.workflow_id, event.duration)
        else:
            metrics.workflow_failed(event.workflow_id, event.duration)

    def on_completed(event: events.TaskCompleted) -> None:
        metrics.task_completed(event.task)

    def on_retried(event: events.TaskEvent) -> None:
        metrics.task_retried(event.task)

    def on_failed(event: events.TaskFailed) -> None:
        metrics.task_failed(event.task)

    listeners: Listeners = {
        events.RunStarted: on_started,
        events.TaskCompleted: on_completed,
        events.TaskRetried: on_retried,
        events.ItemRetried: on_retried,
        events.TaskFailed: on_failed,
        events.TaskCancelled: on_failed,
        events.RunFinished: on_finished,
    }
    bus.subscribe_all(listeners, type(metrics).__name__)


def _connect_tracer(tracer: Tracer, bus: events.EventBus, graph: Graph | None) -> None:
    def on_run(event: events.RunStarted) -> None:
        tracer.start_run(
            event.workflow_id, graph, mode=event.mode, tasks_count=len(event.tasks)
        )

    def on_started(event: events.TaskStarted) -> None:
        if _is_first(event):
            tracer.start_task(event.task)
        tracer.start_attempt(event.task)

    def on_retried(event: events.TaskRetried) -> None:
        tracer.end_attempt(event.task, event.failure, event.delay)

    def on_completed(event: events.TaskCompleted) -> None:
        tracer.end_attempt(event.task)
        tracer.end_task(event.task)

    def on_failed(event: events.TaskFailed) -> None:
        tracer.end_attempt(event.task, event.failure)
        tracer.end_task(event.task)

    def on_finished(event: events.RunFinished) -> None:
        tracer.end_run(
            event.workflow_id,
            graph,
            duration=event.duration,
            failed=event.status != WorkflowStatus.COMPLETED,
        )

    listeners: Listeners = {
        events.RunStarted: on_run,
        events.TaskStarted: on_started,
        events.TaskRetried: on_retried,
        events.TaskCompleted: on_completed,
        events.TaskFailed: on_failed,
        events.TaskCancelled: on_failed,
        events.RunFinished: on_finished,
    }
    bus.subscribe_all(listeners, type(tracer).__name__)


def _connect_server(
    server: Server,
    bus: events.EventBus,
    workflow: Any,
    unserved: Unserved | None,
    follow: Follow | None,
) -> None:
    recorder = None if follow is None else follow(server)
    if recorder is not None:
        recorder.connect(bus)
    known = workflow if unserved is None else unserved

    def on_run(event: events.RunStarted) -> None:
        if unserved is not None:
            unserved.register(server, event.tasks)
        server.update_workflow(known, WorkflowStatus.IN_PROGRESS)

    def on_status(event: events.TaskEvent) -> None:
        task = event.task
        server.update_task(task if unserved is None else unserved.told(task))

    def on_finished(event: events.RunFinished) -> None:
        server.update_workflow(known, event.status)

    listeners: Listeners = dict.fromkeys(_STATUS_EVENTS, on_status)
    listeners[events.RunStarted] = on_run
    listeners[events.RunFinished] = on_finished
    bus.subscribe_all(listeners, type(server).__name__)
