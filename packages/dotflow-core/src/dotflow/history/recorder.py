"""`EventRecorder`: turns the events of a run into rows."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from dotflow.abc.history import Recorder
from dotflow.base.arguments import basic_callback
from dotflow.base.masking import HIDDEN, looks_secret
from dotflow.history.rows import Detail, EventRow, stored_text, to_json
from dotflow.model import events
from dotflow.model.context import Context
from dotflow.model.items import MAX_ERRORS
from dotflow.report.preview import preview
from dotflow.report.values import describe, describe_result

if TYPE_CHECKING:
    from collections import deque
    from typing import Any

    from dotflow.history.journal import Journal, RunRows
    from dotflow.history.kept_output import KeptOutput
    from dotflow.model.outcome import Failure
    from dotflow.model.run_info import RunInfo
    from dotflow.model.task import TaskInstance

_now = time.time
_quoted = json.encoder.encode_basestring_ascii
_LARGE = 1 << 64


class EventRecorder(Recorder):
    """Writes one run down, through a journal.

    Args:
        info: The run.
        journal: Where it is written.
        name: What a report of a failure calls it.
    """

    def __init__(self, info: RunInfo, journal: Journal, name: str) -> None:
        self._info = info
        self._journal = journal
        self._name = name
        self._run = self._seq = 0
        self._previews = info.previews
        # The ids of tasks whose names say that what they leave is secret.
        self._secret: set[str | None] = set()
        # Which task has left what was looked at last, when, and what it looks like. The
        # next task of a chain is given just that: to look again is 6 % of its time.
        self._shown: tuple[str, float | None, str] = ("", None, "")
        self._waiting: RunRows | None = None
        self._rows: deque[EventRow]
        self._began: EventRow | None = None
        # By mapped task: how many events of its items were written down.
        self._told: dict[str, int] = {}
        self._output: KeptOutput | None = None  # until a step prints something

    def connect(self, bus: events.EventBus) -> None:
        """Listen to the events of the run."""
        name = self._name

        def report(error: Exception) -> None:
            bus.report(name, error)

        self._report = report
        bus.subscribe_all(
            {
                events.RunStarted: self._on_run,
                events.TaskStarted: self._on_started,
                events.TaskCompleted: self._on_completed,
                events.TaskRetried: self._on_failed,
                events.TaskFailed: self._on_failed,
                events.TaskCancelled: self._on_failed,
                events.TaskSkipped: self._on_skipped,
                events.TaskRestored: self._on_restored,
                events.ItemCompleted: self._on_item,
                events.ItemRetried: self._on_item_failed,
                events.ItemFailed: self._on_item_failed,
                events.TaskOutput: self._on_output,
                events.TaskProgress: self._on_told,
                events.TaskArtifact: self._on_told,
                events.FactSet: self._on_told,
                events.RunFinished: self._on_end,
            },
            name,
        )

    def _on_run(self, event: events.RunStarted) -> None:
        self._waiting = waiting = self._journal.begin(self._info, self._report)
        self._run, self._rows = waiting.run, waiting.rows
        self._add(self._info.started, "RunStarted")

    def _on_started(self, event: events.TaskStarted) -> None:
        task = event.task
        detail = self._inputs(task) if self._previews else None
        self._began = self._add(
            task.attempt_started, "TaskStarted", task.name, task.attempt, detail
        )
        if task.mapped is not None:
            self._count(task)

    def _inputs(self, task: TaskInstance) -> str | None:
        """Return what an attempt is given, as JSON; None where that is nothing."""
        parts = []
        previous = task.previous
        value = previous.storage if type(previous) is Context else _here(previous)
        if previous is not None and value is not None:
            maker, moment, text = self._shown
            if previous.task_id in self._secret:
                text = f'"{HIDDEN}"'
            elif previous.task_id != maker or previous.kept_time != moment:
                text = _preview(value)
            parts.append(f'"input":{text}')
        if task.initial is not None and task.initial.storage is not None:
            parts.append(f'"initial":{_preview(task.initial.storage)}')
        return f"{{{','.join(parts)}}}" if parts else None

    def _on_completed(self, event: events.TaskCompleted) -> None:
        task = event.task
        name, attempt = task.name, task.attempt
        result = task.current
        detail = _result_text(result)
        value = result.storage if type(result) is Context else _here(result)
        if self._previews and value is not None:
            if _is_secret(name):
                self._secret.add(task.task_id)
                detail = f'{detail[:-1]},"preview":"{HIDDEN}"}}'
            else:
                text = _preview(value)
                detail = f'{detail[:-1]},"preview":{text}}}'
                if task.callback is basic_callback:  # which changes nothing in place
                    self._shown = (task.task_id, task.finished, text)
        if self._output is not None:
            self._output.last_lines(name)
        if task.mapped is not None:
            self._end_map(task)
        row, began = self._began, None
        if row is not None and row[5] == attempt and row[4] == name:
            began = row[2] if self._take_back(row) else None
            if began is not None and row[6] is not None:
                detail = f"{detail[:-1]},{row[6][1:]}"
        self._add(task.finished, "TaskCompleted", name, attempt, detail, began)

    def _take_back(self, row: EventRow) -> bool:
        """Remove the last row, if it is this one and was not written yet.

        In a chain of fast tasks one row then tells the beginning and the end.
        """
        try:
            last = self._rows.pop()  # a flush in another thread may come before
        except IndexError:
            return False
        if last is row:
            return True
        self._rows.append(last)
        return False

    def _on_failed(self, event: events.TaskFailed | events.TaskRetried) -> None:
        task, detail = event.task, _failure(event.failure)
        finished = task.errors[-1].finished if task.errors else None
        self._add_last_lines(task, detail)
        if isinstance(event, events.TaskRetried):
            detail["delay"] = event.delay
        elif task.mapped is not None:
            self._end_map(task)
            finished = task.finished
            if all(error.index is not None for error in task.errors):
                detail["by_items"] = True
        what = type(event).__name__
        self._add(finished, what, task.name, task.attempt, to_json(detail))

    def _add_last_lines(
        self, task: TaskInstance, detail: Detail, index: int | None = None
    ) -> None:
        """Add to a failure what came before it, also for those who hear of it next."""
        if self._output is None:
            return
        end = self._output.unfinished(task.name, index)
        if end is not None:
            self._on_told(end)
        last = self._output.last_lines(task.name, index)
        if last:
            detail["last_lines"] = last
            if task.errors:
                task.errors[-1].output = last

    def _end_map(self, task: TaskInstance) -> None:
        self._count(task)
        detail = self._output and self._output.left_out(task.name)
        if detail is not None:
            self._add(_now(), "TaskOutput", task.name, 1, to_json(detail))

    def _on_item(self, event: events.ItemEvent) -> None:
        if self._output is not None:
            self._output.last_lines(event.task.name, event.index)
        self._count(event.task)
        self._hurry(_now())

    def _on_item_failed(self, event: events.ItemFailed) -> None:
        task = event.task
        told = self._told.get(task.name, 0)
        if told >= MAX_ERRORS:
            self._on_item(event)
            return
        self._told[task.name] = told + 1
        self._count(task)
        error = task.errors[-1]  # that of this item: so far as many are kept there
        detail = _failure(event.failure)
        detail["message"] = error.message
        self._add_last_lines(task, detail, event.index)
        if isinstance(event, events.ItemRetried):
            detail["delay"] = event.delay
        detail["index"], detail["attempt"] = event.index, event.attempt
        detail["began"] = error.started
        what = type(event).__name__
        # Without the attempt: it is not one of the task.
        self._add(error.finished, what, task.name, None, to_json(detail))

    def _count(self, task: TaskInstance) -> None:
        """Have it written how far a mapped task is."""
        if self._waiting is not None and task.mapped is not None:
            self._waiting.maps[task.name] = task.mapped

    def _on_skipped(self, event: events.TaskSkipped) -> None:
        detail: Detail = {"reason": event.task.reason}
        self._add(_now(), "TaskSkipped", event.task.name, None, to_json(detail))

    def _on_restored(self, event: events.TaskRestored) -> None:
        task = event.task
        self._count(task)
        kind, size = describe_result(task.current_context)
        detail: Detail = {"cached": task.cached, "type": kind, "size": size}
        if self._previews:
            if _is_secret(task.name):
                self._secret.add(task.task_id)
            value = _here(task.current_context)
            if value is not None:
                detail["preview"] = preview(value, task.name)
        self._add(_now(), "TaskRestored", task.name, None, to_json(detail))

    def _on_output(self, event: events.TaskOutput) -> None:
        if self._output is None:
            from dotflow.history.kept_output import KeptOutput

            self._output = KeptOutput()
        if self._output.takes(event):
            self._on_told(event)

    def _on_told(self, event: events.Told) -> None:
        detail, attempt = event.detail, event.attempt
        of = attempt if event.index is None else None  # as of other events of an item
        if of is None:
            detail = {**detail, "index": event.index, "attempt": attempt}
        what = type(event).__name__
        self._add(event.moment, what, event.task.name, of, to_json(detail))

    def _on_end(self, event: events.RunFinished) -> None:
        waiting, finished = self._waiting, (self._info.started or 0.0) + event.duration
        if waiting is None:
            return
        self._add(finished, "RunFinished")
        self._waiting = None
        self._journal.end(waiting, event.status, finished, event.duration)

    def _add(
        self,
        moment: float | None,
        event: str,
        task: str | None = None,
        attempt: int | None = None,
        detail: str | None = None,
        began: float | None = None,
    ) -> EventRow | None:
        if self._waiting is None:
            return None  # the beginning could not be written, and that was reported
        self._seq = seq = self._seq + 1
        if task is not None and (not task.isascii() or "\0" in task):
            task = stored_text(task)
        if moment is None:
            moment = _now()
        row = (self._run, seq, moment, event, task, attempt, detail, began)
        self._rows.append(row)
        # Mostly it is neither time to write nor to nudge, and no call is needed.
        if moment >= self._journal.due or not self._journal.nudged:
            self._hurry(moment)
        return row

    def _hurry(self, moment: float) -> None:
        """Have what waits written now, or soon."""
        journal = self._journal
        if moment >= journal.due:
            journal.flush()
        elif not journal.nudged:
            journal.nudge()


def _failure(failure: Failure) -> Detail:
    detail: Detail = {
        "outcome": failure.kind,
        "exception": failure.exception,
        "message": failure.message,
        "traceback": failure.traceback,
    }
    if failure.exit_code:
        detail["exit_code"] = failure.exit_code
    return detail


def _is_secret(name: str) -> bool:
    """Say whether the name of a task says that what it leaves is secret.

    A step that was added several times is looked at once, as `load` of `load#2`: to
    search each name anew takes 4 % of a task in a durable chain.
    """
    step, _, number = name.rpartition("#")
    return looks_secret(step if number.isdecimal() else name)


def _preview(value: Any) -> str:
    """Return the beginning of what a value looks like, as JSON."""
    kind = type(value)
    # The values of a chain of fast tasks, without a call.
    if (kind is int or kind is float or kind is bool) and -_LARGE < value < _LARGE:
        return f'"{value!r}"'
    return _quoted(preview(value))


def _here(context: Context | None) -> Any:
    """Return a result; None for one that a worker holds, which stays there unasked."""
    if context is None or getattr(context, "held", None) is not None:
        return None
    return context.storage


# By type: the JSON up to the size, and whether there is one to add.
_kinds: dict[type, tuple[str, bool]] = {}


def _result_text(result: Context | None) -> str:
    """Return the type and the size of a result as JSON."""
    if not (
        type(result) is Context
        or result is None
        or getattr(result, "held", None) is None
    ):
        kind, size = describe_result(result)
        return to_json({"type": kind, "size": size})
    value: Any = None if result is None else result.storage
    try:
        found = _kinds.get(type(value))
    except Exception:  # noqa: BLE001 - a metaclass may have a __hash__ of its own
        found = None
    if found is not None:
        text, sized = found
        return f"{text}{len(value)}}}" if sized else text
    kind, size = describe(value)
    head = f'{{"type":{to_json(kind)},"size":'
    # A user's class may be made at run time, and numbers of a kind differ in size.
    if "." not in kind:
        sized = size is not None
        _kinds[type(value)] = (head if sized else f"{head}null}}", sized)
    return f"{head}{'null' if size is None else size}}}"
