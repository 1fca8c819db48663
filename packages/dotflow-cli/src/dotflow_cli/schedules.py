"""Schedules: one that the options describe, or several at once, a thread each."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import click

from dotflow.base.escape import line_text
from dotflow.base.starting import started_by
from dotflow.engine.background import BackgroundThread, end_all
from dotflow.logging import logger
from dotflow.model.options import StartOptions, check_start
from dotflow.types import StartedBy
from dotflow_cli import targets
from dotflow_cli.errors import usage_errors
from dotflow_cli.execute import quiet_default_log, tell_lines
from dotflow_cli.inputs import read_params
from dotflow_cli.options import split

if TYPE_CHECKING:
    from dotflow import DotFlow
    from dotflow.types import ModeName

OVERLAPS = ("skip", "queue", "parallel")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOWN = 3
# How often a stop is repeated: one that came before a schedule began would be lost.
_LOOK = 0.2
_NOTE = "Stopping after what runs now. Ctrl-C again stops at once."


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What runs when, as the options of `dotflow schedule` say it.

    Args:
        name: What messages call it; empty where there is only one.
        schedule_name: What other processes know it by; None for what it runs.
        cron: The expression; None for the scheduler that the workflow has of its own.
        workflow: Where the workflow is.
        step: Where the step is, instead of a workflow.
        params: Arguments of the workflow's function: texts, or values by their names.
        callback: Where the step's callback is.
        initial_context: The initial context as the command line has it.
        overlap: What becomes of a tick while a run goes on.
        timezone: The zone of the times.
        storage: The name or address of the storage.
        path: Its path.
        workflow_id: The id of the runs.
        mode: The execution mode.
        start: What each start is given; with `resume` a tick goes on with a run that
            did not complete.
    """

    name: str = ""
    schedule_name: str | None = None
    cron: str | None = None
    workflow: str | None = None
    step: str | None = None
    params: Sequence[str] | Mapping[str, Any] = ()
    callback: str | None = None
    initial_context: str | None = None
    overlap: str = "skip"
    timezone: str | None = None
    storage: str | None = None
    path: str | None = None
    workflow_id: str | None = None
    mode: ModeName = "sequential"
    start: StartOptions = field(default_factory=StartOptions)

    @classmethod
    def of(cls, options: Mapping[str, Any], name: str = "") -> Entry:
        """Return the entry that options make.

        Args:
            options: Those of the command, or the keys of a file's table.
            name: What messages call it.
        """
        start, others = split(options)
        return cls(name=name, start=start, **others)

    @property
    def resume(self) -> bool:
        """Whether a tick goes on with a run that did not complete."""
        return bool(self.start.get("resume"))


@dataclass(frozen=True)
class Schedule:
    """An entry with its workflow, checked.

    Args:
        entry: The entry.
        flow: Its workflow.
        scheduler: Its scheduler.
        name: What other processes know it by.
    """

    entry: Entry
    flow: DotFlow
    scheduler: Any
    name: str

    def show(self) -> None:
        """Tell the next times."""
        suffix = f"  {self.entry.name}" if self.entry.name else ""
        next_run_times = getattr(self.scheduler, "next_run_times", None)
        if next_run_times is None:  # a class of the user's own need not know
            kind = type(self.scheduler).__name__
            click.echo(f"Next run: when {kind} begins it{suffix}", err=True)
            return
        for moment in next_run_times(_SHOWN):
            time = f"{moment:%Y-%m-%d %H:%M:%S %Z}".rstrip()
            click.echo(line_text(f"Next run: {time}{suffix}"), err=True)

    def run(self) -> None:
        """Run the workflow at its times; blocks."""
        entry = self.entry
        what, params = str(entry.workflow or entry.step), entry.params
        if not isinstance(params, Mapping):
            params = read_params(params)
        with started_by(StartedBy.SCHEDULE, workflow=what, params=params):
            self.flow.schedule(name=self.name, mode=entry.mode, **entry.start)

    def connect(self) -> None:
        """Let the workflow tell what runs, and give it the scheduler."""
        quiet_default_log(self.flow)
        # This copies the config, so workflows that share one get a scheduler each.
        tell_lines(self.flow)
        self.flow.config.scheduler = self.scheduler


def prepare(entry: Entry, new_scheduler: Callable[[], Callable[..., Any]]) -> Schedule:
    """Check an entry, and import what it names.

    Args:
        entry: The entry.
        new_scheduler: Returns what makes a scheduler of an expression.

    Raises:
        ClickException: Something is wrong with it, or its code raised.
    """
    from dotflow.errors import ResumeNeedsWorkflowId, SchedulerMissing

    with usage_errors():
        check_start(entry.start)  # `nan`, too, is within any range of click's
        scheduler = None
        if entry.cron is not None:
            scheduler = new_scheduler()(entry.cron, entry.overlap, entry.timezone)
        flow = targets.prepared(
            workflow=entry.workflow,
            step=entry.step,
            params=entry.params,
            callback=entry.callback,
            initial_context=entry.initial_context,
            storage=entry.storage,
            path=entry.path,
            workflow_id=entry.workflow_id,
            resume=entry.resume,
        )
        if scheduler is None:
            scheduler = flow.config.scheduler
            if not scheduler.active:
                raise SchedulerMissing
        flow.graph(entry.mode)  # which fails now rather than at every tick
        if entry.resume and not flow.has_fixed_id:
            raise ResumeNeedsWorkflowId
    name = entry.schedule_name
    if name is None and flow.has_fixed_id:
        name = str(flow.workflow_id)
    return Schedule(entry, flow, scheduler, name or str(entry.workflow or entry.step))


def prepare_all(
    entries: Sequence[Entry],
    new_scheduler: Callable[[], Callable[..., Any]],
    problems: list[str],
) -> list[Schedule]:
    """Check entries that run beside each other.

    Args:
        entries: The entries.
        new_scheduler: As of `prepare`.
        problems: What is already known to be wrong.

    Raises:
        ClickException: Something is wrong; it tells the problems of all entries.
    """
    problems = list(problems)
    usage = bool(problems)
    schedules: list[Schedule] = []
    for entry in entries:
        try:
            schedule = prepare(entry, new_scheduler)
            _check_apart(schedule, schedules)
        except click.ClickException as error:
            usage = usage or isinstance(error, click.UsageError)
            problems.append(f"{entry.name}: {error.message}")
        else:
            schedules.append(_renamed(schedule, {other.name for other in schedules}))
    if problems:
        text = "\n".join(["Nothing was started:", *(f"  {line}" for line in problems)])
        raise click.UsageError(text) if usage else click.ClickException(text)
    return schedules


def _renamed(schedule: Schedule, taken: Collection[str]) -> Schedule:
    """Return a schedule with a name of its own, the same whenever the file is run."""
    name, count = schedule.name, 1
    if name in taken:
        name = f"{schedule.name} @ {schedule.entry.cron}"
    while name in taken:
        count += 1
        name = f"{schedule.name} @ {schedule.entry.cron} #{count}"
    return replace(schedule, name=name)


def _check_apart(schedule: Schedule, others: Sequence[Schedule]) -> None:
    """Refuse what would have two schedules write over each other's runs."""
    entry, flow = schedule.entry, schedule.flow
    for other in others:
        if flow is other.flow:
            raise click.UsageError(
                f"it is the same object as {other.entry.name}: name a function that"
                " returns a new one each time."
            )
        if entry.schedule_name == other.entry.schedule_name is not None:
            raise click.UsageError(
                f"its name is {entry.schedule_name!r}, as that of {other.entry.name}:"
                " whoever pauses one would pause both."
            )
        where = (entry.storage, entry.path)
        if (
            flow.has_fixed_id
            and other.flow.has_fixed_id
            and flow.workflow_id == other.flow.workflow_id
            and where == (other.entry.storage, other.entry.path)
        ):
            raise click.UsageError(
                f"its runs have the id {flow.workflow_id!s}, as those of"
                f" {other.entry.name}: give it a workflow_id of its own."
            )


@dataclass
class _Group:
    """Schedules that go on, a thread each.

    Args:
        schedules: The schedules.
    """

    schedules: Sequence[Schedule]
    stopping: bool = False
    interrupted: bool = False
    failed: bool = False
    threads: list[BackgroundThread] = field(default_factory=list)

    def run(self) -> int:
        """Run them until the last one has ended, and return the exit code."""
        with self._signals():
            try:
                self._start()
                for thread in self.threads:
                    while thread.is_alive():
                        thread.join(_LOOK)
                        if self.stopping:
                            self._stop()
            except (KeyboardInterrupt, SystemExit):
                self.interrupted = True
                self._interrupt()
                raise
        return 1 if self.failed else 0

    def _start(self) -> None:
        for schedule in self.schedules:
            # Not awaited at the exit: this object says how long one may take.
            thread = BackgroundThread(
                lambda schedule=schedule: self._keep(schedule),  # type: ignore[misc]
                wait_at_exit=False,
            )
            self.threads.append(thread)
            thread.start()

    def _keep(self, schedule: Schedule) -> None:
        """Run a schedule; a step that ends the program ends no more than its run."""
        name = schedule.entry.name
        while not self.stopping:
            try:
                schedule.run()
            except (KeyboardInterrupt, SystemExit) as error:
                if self.interrupted:
                    raise
                logger.error(
                    "%r: a step raised %s; the schedule goes on.",
                    name,
                    type(error).__name__,
                )
            except Exception:  # noqa: BLE001 - the others must go on
                self.failed = True
                logger.exception("%r has ended; the others go on.", name)
                return
            else:
                return

    def _stop(self) -> None:
        for schedule in self.schedules:
            schedule.scheduler.stop()

    def _interrupt(self) -> None:
        """End what runs now, and let nothing begin after it."""
        # The second signal may come before the loop has seen the first: a tick that
        # finds its run ended would begin another, which the exit waits for.
        self._stop()
        # A run may have a thread of its own, and whoever waits for it there is not
        # woken by an exception: all are told.
        end_all()
        # A tick that came at that very moment began one more.
        end_all()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Stop at the first signal, interrupt at the second, end at the third."""
        process = os.getpid()
        count = 0

        def handle(number: int, _frame: Any) -> None:
            nonlocal count
            if os.getpid() != process:
                raise KeyboardInterrupt  # a process that a step has forked
            count += 1
            if count > 2:
                os._exit(128 + number)
            if count == 2:
                raise (
                    KeyboardInterrupt
                    if number == signal.SIGINT
                    else SystemExit(128 + number)
                )
            self.stopping = True
            # A buffered stream may be in the middle of a write.
            os.write(2, f"\n{_NOTE}\n".encode())

        before = {number: signal.signal(number, handle) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)


def run_all(schedules: Sequence[Schedule]) -> int:
    """Run schedules beside each other until a signal; blocks.

    Args:
        schedules: The schedules.

    Returns:
        The exit code: 1 where one has ended by an error of its own.
    """
    for schedule in schedules:
        schedule.connect()
    group = _Group(schedules)
    try:
        return group.run()
    except (KeyboardInterrupt, SystemExit) as error:
        if any(thread.is_alive() for thread in group.threads):
            # A step in a blocking call hears nothing, and Python might wait for it.
            sys.stdout.flush()
            code = error.code if isinstance(error, SystemExit) else 130
            os._exit(code if isinstance(code, int) else 1)
        raise
