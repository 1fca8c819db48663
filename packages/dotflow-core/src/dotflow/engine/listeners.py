"""Connects the providers of a `Config` to the events of a run."""

from __future__ import annotations

from dotflow.base.fan_out import FanOut
from dotflow.model import events
from dotflow.types import WorkflowStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dotflow.abc.log import Log
    from dotflow.abc.metrics import Metrics
    from dotflow.abc.notify import Notify
    from dotflow.abc.server import Server
    from dotflow.abc.tracer import Tracer
    from dotflow.config.config import Config
    from dotflow.model.graph import Graph
    from dotflow.model.task import TaskInstance

    Listeners = dict[type[events.Event], events.Listener]

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

# How long a provider that delivers in the background may hold up the end of a run.
FLUSH_SECONDS = 5.0
_DELIVERING = ("log", "notify", "tracer", "metrics", "server")


def connect_providers(
    config: Config,
    bus: events.EventBus,
    workflow: Any,
    graph: Graph | None = None,
    *,
    server: bool = True,
) -> None:
    """Subscribe every active provider of `config` to `bus`.

    Args:
        config: The providers.
        bus: The bus of the run.
        workflow: What `Server.update_workflow` receives.
        graph: What runs; None where a task runs without one.
        server: Whether a server is told as well, which knows what was registered.
    """
    for tracer in _active(config.tracer):
        _connect_tracer(tracer, bus, graph)
    for notify in _active(config.notify):
        _connect_notify(notify, bus)
    for log in _parts(config.log):
        if log.listening():
            _connect_log(log, bus)
    for metrics in _active(config.metrics):
        _connect_metrics(metrics, bus)
    for remote in _active(config.server) if server else ():
        _connect_server(remote, bus, workflow)


def _active(provider: Any) -> list[Any]:
    """Return what does anything: each of several, so that it is reported by its name."""
    if not provider.active:
        return []
    return [part for part in _parts(provider) if part.active]


def _parts(provider: Any) -> tuple[Any, ...]:
    """Return each of several by itself, so that the bus reports it by its own name."""
    return provider.parts if isinstance(provider, FanOut) else (provider,)


def flush_providers(config: Config, bus: events.EventBus) -> None:
    """Give providers that deliver in the background a bounded time to do so.

    Args:
        config: The providers.
        bus: Where a failure is reported.
    """
    for family in _DELIVERING:
        provider = getattr(config, family)
        flush = getattr(provider, "flush", None)
        if flush is None or not getattr(provider, "active", True):
            continue
        try:
            flush(FLUSH_SECONDS)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            bus.report(type(provider).__name__, error)


def _is_first(event: events.TaskStarted) -> bool:
    return event.task.attempt == 1


def _queued(
    bus: events.EventBus, tell: Callable[[TaskInstance], None], name: str
) -> events.Listener:
    """Return what tells of each task that waits for its turn as the run begins."""

    def on_queued(event: events.TasksQueued) -> None:
        for task in event.tasks:
            try:
                tell(task)
            except Exception as error:  # noqa: BLE001 - telling never breaks running
                bus.report(name, error)

    return on_queued


def _connect_notify(notify: Notify, bus: events.EventBus) -> None:
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
    bus.subscribe_all(listeners, name)


def _connect_log(log: Log, bus: events.EventBus) -> None:
    info, warning = log.info, log.warning

    def on_info(event: events.TaskEvent) -> None:
        info(task=event.task)

    def on_started(event: events.TaskStarted) -> None:
        if _is_first(event):
            info(task=event.task)

    def on_warning(event: events.TaskEvent) -> None:
        warning(task=event.task)

    def on_failed(event: events.TaskFailed) -> None:
        log.failed(event.task, event.failure)

    name = type(log).__name__
    listeners: Listeners = {
        events.TasksQueued: _queued(bus, lambda task: info(task=task), name),
        events.TaskStarted: on_started,
        events.TaskRestored: on_info,
        events.TaskCompleted: on_info,
        events.TaskRetried: on_warning,
        events.TaskSkipped: on_warning,
        events.TaskCancelled: on_failed,
        events.TaskFailed: on_failed,
    }
    bus.subscribe_all(listeners, name)


def _connect_metrics(metrics: Metrics, bus: events.EventBus) -> None:
    def on_started(event: events.RunStarted) -> None:
        metrics.workflow_started(event.workflow_id)

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


def _connect_server(server: Server, bus: events.EventBus, workflow: Any) -> None:
    def on_run(_: events.RunStarted) -> None:
        server.update_workflow(workflow, WorkflowStatus.IN_PROGRESS)

    def on_status(event: events.TaskEvent) -> None:
        server.update_task(event.task)

    def on_finished(event: events.RunFinished) -> None:
        server.update_workflow(workflow, event.status)

    listeners: Listeners = dict.fromkeys(_STATUS_EVENTS, on_status)
    listeners[events.RunStarted] = on_run
    listeners[events.RunFinished] = on_finished
    bus.subscribe_all(listeners, type(server).__name__)
