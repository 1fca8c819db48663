"""`RunAlerts`: tells people of a run that failed, recovered, or takes too long.

Everything here happens in a thread of its own, from reading the history to calling
notifiers: a run neither waits for it nor ends later. The exit of the program does wait
a moment, as for all that is on its way.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from dotflow.base.fan_out import FanOut
from dotflow.base.guard import STOPS
from dotflow.base.identity import new_ulid
from dotflow.base.percentile import percentile
from dotflow.delivery.leaving import at_exit
from dotflow.history.schedules import Schedules, can_keep_schedules
from dotflow.logging import warn
from dotflow.model import events
from dotflow.model.alert import Alert, AlertKind, AlertRules
from dotflow.types import TypeStatus, WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dotflow.abc.notify import Notify
    from dotflow.abc.storage import Storage
    from dotflow.engine.clock import Clock
    from dotflow.model.events import EventBus
    from dotflow.model.run_info import RunInfo
    from dotflow.model.task import TaskInstance

    T = TypeVar("T")
    # The status of a run, and which tasks of it failed with which errors.
    Outcome = tuple[str, frozenset[tuple[str, str]]]

USUAL_RUNS = 20
_FEWEST_RUNS = 5
_SHORT_SECONDS = 0.1
_USUAL_PART = 0.95
# How many runs back one is looked for that was neither cancelled nor skipped.
_LOOK_BACK = 20
_MOST_REMEMBERED = 1_000
_ENDED = (WorkflowStatus.COMPLETED, WorkflowStatus.FAILED, WorkflowStatus.CRASHED)

# How the last run of each workflow ended, where its storage keeps no history.
_remembered: dict[str, Outcome] = {}
_telling: set[RunAlerts] = set()


class RunAlerts:
    """Watches one run.

    Args:
        rules: What to tell of.
        notify: Whom to tell.
        info: The run.
        storage: Whose history knows of the runs before, and where schedules register.
        clock: What the run goes by.
    """

    def __init__(
        self,
        rules: AlertRules,
        notify: Notify,
        info: RunInfo,
        storage: Storage,
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._notify = notify
        self._run_id = info.run_id
        self._workflow = info.identity.workflow or str(info.workflow_id or info.name)
        self._known_as = info.workflow_id
        self._history = storage.history
        self._storage = storage
        self._clock = clock
        self._began = clock.monotonic()
        self._ended: float | None = None
        self._limit: float | None = None
        if AlertKind.SLOW in rules.on:
            self._limit = rules.slow_after
        self._usual: float | None = None
        self._slow = False
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._outcome: Outcome = (WorkflowStatus.CANCELLED, frozenset())
        self._failed: list[TaskInstance] = []
        self._thread = threading.Thread(
            target=self._watch, name="dotflow-alerts", daemon=True
        )
        self._bus: EventBus

    def connect(self, bus: EventBus) -> None:
        """Listen to what matters of the run."""
        self._bus = bus
        heard: dict[type[events.Event], Callable[[Any], None]] = {
            events.RunStarted: self._on_run,
            events.RunFinished: self._on_end,
        }
        if AlertKind.SLOW in self._rules.on:
            heard[events.TaskStarted] = self._on_started
        bus.subscribe_all(heard, "NotifyRules")

    def begin_leaving(self) -> None:
        """Do nothing: a run that has ended is told of already."""

    def leave(self, deadline: float) -> None:
        """Wait, as the program ends, for what is to be told of a run that has ended."""
        if self._over.is_set():
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def wait(self, timeout: float | None) -> bool:
        """Wait until the run is told of, if it has ended; say whether it is."""
        if self._over.is_set():
            self._thread.join(timeout)
        return not (self._over.is_set() and self._thread.is_alive())

    def _on_run(self, _: events.RunStarted) -> None:
        self._thread.start()
        _telling.add(self)
        at_exit(self, first=True)

    def _on_started(self, _: events.TaskStarted) -> None:
        # A clock of tests jumps over what the thread would have waited for.
        if not self._slow and self._is_slow():
            self._tell_slow()

    def _on_end(self, event: events.RunFinished) -> None:
        self._ended = self._clock.monotonic()
        # Copies: the tasks may start again before the thread comes to look at them.
        self._failed = [task.snapshot() for task in _failed(event.tasks)]
        failures = frozenset(
            (task.name, task.errors[-1].exception if task.errors else "")
            for task in self._failed
        )
        self._outcome = event.status, failures
        self._over.set()

    def _watch(self) -> None:
        try:
            if AlertKind.SLOW in self._rules.on:
                self._await_slow()
            self._over.wait()
            self._judge()
            self._tell_missed()
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self._bus.report("NotifyRules", error)
        finally:
            _telling.discard(self)

    def _tell_missed(self) -> None:
        """Tell of schedules whose times have passed while no process ran one."""
        if AlertKind.MISSED in self._rules.on and can_keep_schedules(self._storage):
            missed = self._try(Schedules(self._storage).take_missed)
            for schedule, times in missed or ():
                tell_missed(self._notify, schedule, times)

    def _await_slow(self) -> None:
        if self._limit is None:
            self._over.wait(_SHORT_SECONDS)
            if self._elapsed() < _SHORT_SECONDS:
                return  # it has ended, and nobody minds what is usual
            self._usual = self._try(self._usual_duration)
            if self._usual is None:
                return
            self._limit = self._usual * self._rules.slow_factor
        left = self._limit - self._elapsed()
        if not self._over.wait(max(0.0, left)) or self._is_slow():
            self._tell_slow()

    def _try(self, look: Callable[[], T]) -> T | None:
        try:
            return look()
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self._bus.report("The history that NotifyRules asks", error)
            return None

    def _is_slow(self) -> bool:
        return self._limit is not None and self._elapsed() >= self._limit

    def _elapsed(self) -> float:
        ended = self._ended
        return (self._clock.monotonic() if ended is None else ended) - self._began

    def _tell_slow(self) -> None:
        from dotflow.report.gantt import seconds_text

        with self._lock:
            if self._slow:
                return
            self._slow = True
        usual = "" if self._usual is None else f", usually {seconds_text(self._usual)}"
        verb = "still runs after" if self._ended is None else "has run for longer than"
        text = f"{verb} {seconds_text(self._limit or 0.0)}{usual}"
        self._tell(AlertKind.SLOW, text, TypeStatus.IN_PROGRESS)

    def _judge(self) -> None:
        """Tell how the run ended, if that is news."""
        status, failures = self._outcome
        if status not in _ENDED:
            return
        # What is not known of the run before keeps nobody from hearing of this one.
        before = self._try(self._before)
        if status == WorkflowStatus.FAILED:
            if AlertKind.FAILURE in self._rules.on and before != self._outcome:
                self._tell_failure(failures)
        elif before is not None and before[0] != WorkflowStatus.COMPLETED:
            self._tell(AlertKind.RECOVERY, "has completed again", TypeStatus.COMPLETED)

    def _tell_failure(self, failures: frozenset[tuple[str, str]]) -> None:
        first = self._failed[0] if self._failed else None
        what = "" if first is None else f": task {first.name!r}"
        more = f" and {len(failures) - 1} more" if len(failures) > 1 else ""
        self._tell(
            AlertKind.FAILURE, f"has failed{what}{more}", TypeStatus.FAILED, first
        )

    def _tell(
        self, kind: str, text: str, status: str, task: TaskInstance | None = None
    ) -> None:
        if kind not in self._rules.on:
            return
        alert = Alert.of(
            kind,
            f"{self._workflow} {text} (run {self._run_id})",
            status,
            workflow=self._known_as,
            task_id=self._run_id if task is None else task.task_id,
            run_id=self._run_id,
            errors=() if task is None else task.errors,
        )
        tell_alert(self._notify, alert, self._bus.report)

    def _before(self) -> Outcome | None:
        """Return how the run before this one ended; None where that is not known."""
        if self._history is None:
            before = _remembered.get(self._workflow)
            if len(_remembered) >= _MOST_REMEMBERED:
                _remembered.clear()
            _remembered[self._workflow] = self._outcome
            return before
        for run in self._history.runs(workflow=self._workflow, limit=_LOOK_BACK):
            if run.run_id != self._run_id and run.status in _ENDED:
                return run.status, frozenset(self._failures_of(run.run_id, run.status))
        return None

    def _failures_of(self, run_id: str, status: str) -> Iterator[tuple[str, str]]:
        if status != WorkflowStatus.FAILED or self._history is None:
            return
        for task in _failed(self._history.run(run_id).tasks):
            error = task.error
            yield task.name, "" if error is None else error.exception

    def _usual_duration(self) -> float | None:
        if self._history is None:
            return None
        found = self._history.runs(
            WorkflowStatus.COMPLETED, workflow=self._workflow, limit=USUAL_RUNS
        )
        if len(found) < _FEWEST_RUNS:
            return None
        return percentile([run.duration or 0.0 for run in found], _USUAL_PART)


def _failed(tasks: Sequence[Any]) -> list[Any]:
    """Return the tasks that failed; of a sub-workflow those within it, which tell more."""
    wholes = {task.parent for task in tasks}
    return [
        task
        for task in tasks
        if task.status == TypeStatus.FAILED and task.name not in wholes
    ]


def watch_run(
    info: Callable[[], RunInfo],
    storage: Storage,
    bus: EventBus,
    notify: Notify,
    clock: Clock,
    slow_after: float | None,
) -> None:
    """Watch a run that is about to be announced.

    Args:
        info: Returns what is known of it.
        storage: Where the runs before it are written down.
        bus: Its bus, which also reports what fails here.
        notify: Whom to tell.
        clock: What it goes by.
        slow_after: When this very run is slow, in seconds; None for what the rules say.
    """
    try:
        rules = notify.alert_rules
        if slow_after is not None:
            on = {AlertKind.SLOW} if rules is None else {AlertKind.SLOW, *rules.on}
            rules = AlertRules(tuple(on), slow_after, 1.0)
        assert rules is not None
        RunAlerts(rules, notify, info(), storage, clock).connect(bus)
    except Exception as error:  # noqa: BLE001 - telling never breaks running
        bus.report("NotifyRules", error)


def tell_alert(
    notify: Notify, alert: Alert, report: Callable[[str, BaseException], None]
) -> None:
    """Tell every notifier of something.

    Args:
        notify: The notifiers.
        alert: What to tell.
        report: Is told of those that fail, by name.
    """
    for part in notify.parts if isinstance(notify, FanOut) else (notify,):
        try:
            if part.active:
                part.hook_alert(alert)
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - telling never breaks running
            report(type(part).__name__, error)


def tell_missed(notify: Notify, schedule: str, times: Sequence[float]) -> None:
    """Tell of times of a schedule that have passed without a run.

    Args:
        notify: Whom to tell, if its rules say so.
        schedule: The name of the schedule.
        times: The times, in seconds since the epoch.
    """
    rules = notify.alert_rules
    if rules is None or AlertKind.MISSED not in rules.on or not times:
        return
    first = datetime.fromtimestamp(min(times), UTC)
    more = f" and {len(times) - 1} more" if len(times) > 1 else ""
    alert = Alert.of(
        AlertKind.MISSED,
        f"schedule {schedule} has missed the run of {first:%Y-%m-%d %H:%M:%S} UTC{more}",
        TypeStatus.FAILED,
        workflow=schedule,
        task_id=new_ulid(),
    )
    tell_alert(notify, alert, lambda name, error: warn("%s failed", name, error=error))


def flush_alerts(timeout: float | None) -> bool:
    """Wait until the runs that have ended are told of, if they are to be.

    Args:
        timeout: The most seconds to wait; None for as long as it takes.

    Returns:
        Whether they are.
    """
    until = None if timeout is None else time.monotonic() + timeout
    waited = [
        alerts.wait(None if until is None else max(0.0, until - time.monotonic()))
        for alerts in list(_telling)
    ]
    return all(waited)
