"""What can be done with a run from here: end it, or run it again."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dotflow.base.liveness import hostname
from dotflow.base.masking import HIDDEN
from dotflow.base.private import stranger
from dotflow.engine.control import CancelRequests
from dotflow.types import WorkflowStatus
from dotflow_cli.resumable import cancel_id
from dotflow_server.models import May
from dotflow_server.problems import Refusal

if TYPE_CHECKING:
    from dotflow.model.run_info import RunIdentity
    from dotflow.report.model import RunReport
    from dotflow_server.access import Principal
    from dotflow_server.served import Served

_COMMANDS = ("start", "retry", "schedule")
_PASSED_ON = {
    "-m": "--mode",
    "--mode": "--mode",
    "-i": "--initial-context",
    "--initial-context": "--initial-context",
    "--param": "--param",
    "--max-parallel": "--max-parallel",
    "--deadline": "--deadline",
}


def may(parts: Served, report: RunReport, who: Principal) -> May:
    """Tell what somebody may do with a run."""
    if "operate" not in who.scopes:
        return May(cancel=False, retry=False, why="This session may only read.")
    goes_on = report.status == WorkflowStatus.IN_PROGRESS
    try:
        retry_command(parts, report, None)
    except Refusal as refusal:
        return May(cancel=goes_on, retry=False, why=refusal.hint or str(refusal))
    return May(cancel=goes_on, retry=True, why=None)


def cancel(parts: Served, run_id: str, reason: str) -> None:
    """Ask the process of a run to end it.

    Raises:
        Refusal: It does not go on, or nobody would see the request.
    """
    storage = parts.store.storage
    report = parts.store.history.run(run_id)
    if report.status != WorkflowStatus.IN_PROGRESS:
        raise Refusal(
            409, "not_running", f"Run {run_id} does not go on: {report.status.lower()}."
        )
    if parts.ingesting is not None:
        # Its process is told with the answer to what it reports next.
        CancelRequests(storage, run_id).post(reason)
        return
    if CancelRequests.of(storage, run_id) is None:
        raise Refusal(
            409,
            "not_shared",
            f"{type(storage).__name__} is not shared by processes: nobody would see the"
            " request.",
        )
    try:
        target = cancel_id(storage, report)
    except click.ClickException as error:
        raise Refusal(409, "not_reachable", error.message) from error
    CancelRequests(storage, target).post(reason)


def retry(
    parts: Served, run_id: str, from_task: str | None, waits: bool = False
) -> None:
    """Start the command that runs again what a run has not completed.

    Args:
        parts: The server.
        run_id: The run.
        from_task: The task from which on all runs again; None for what is not complete.
        waits: Whether it begins once no other run of its workflow id goes on.

    Raises:
        Refusal: It cannot be started from here; the hint is the command.
    """
    report = parts.store.history.run(run_id)
    if from_task is not None and from_task not in {task.name for task in report.tasks}:
        raise Refusal(404, "task_not_found", f"Run {run_id} has no task {from_task!r}.")
    if report.completed and from_task is None:
        raise Refusal(
            409, "completed", f"Run {run_id} has completed: retry it from a task."
        )
    words = retry_command(parts, report, from_task)
    if waits and parts.store.storage.fenced:
        words.append("--if-running=wait")
    environment = {**os.environ}
    if parts.address is not None:  # it may hold a password, which no argument may
        environment["DOTFLOW_STORAGE"] = parts.address
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "dotflow.main", *words],
            cwd=report.identity.cwd or None,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it outlives the dashboard
        )
    except OSError as error:
        raise Refusal(
            409,
            "not_started",
            f"The command could not be started: {error}.",
            _typed(report, words),
        ) from error
    # Somebody has to ask how it ended, or it stays a zombie.
    threading.Thread(target=process.wait, name="dotflow-retry", daemon=True).start()


def retry_command(parts: Served, report: RunReport, from_task: str | None) -> list[str]:
    """Return what follows `dotflow` to run a run again, on this machine.

    Raises:
        Refusal: It cannot be started from here; the hint is the command.
    """
    identity = report.identity
    if report.status == WorkflowStatus.IN_PROGRESS:
        raise Refusal(409, "running", f"Run {report.run_id} still goes on.")
    words = _retry_words(identity, report.run_id or "", from_task)
    if words is None:
        raise Refusal(
            409,
            "not_a_command",
            f"Run {report.run_id} was not started by a dotflow command that names its"
            " workflow.",
            _again(identity.cwd, identity.command),
        )
    why = None
    if parts.mode != "ui":
        why = "it runs on the machine of its runner, not on the server's"
    elif not _is_own(parts.store.path):
        why = "its store is not a file of yours, so others may choose what would run"
    elif identity.host != hostname():
        why = f"it ran on {identity.host}"
    elif not Path(identity.cwd or ".").is_dir():
        why = f"its folder {identity.cwd} is gone"
    elif HIDDEN in identity.command:
        why = "its command holds a secret, which is not kept"
    if why is not None:
        raise Refusal(
            409,
            "not_from_here",
            f"Run {report.run_id} cannot be started again from here: {why}.",
            _typed(report, words),
        )
    return words


def _is_own(path: Path | None) -> bool:
    """Say whether nobody but the user of this process writes to a store."""
    return path is not None and path.exists() and stranger(path) is None


def _retry_words(
    identity: RunIdentity, run_id: str, from_task: str | None
) -> list[str] | None:
    """Return the words of a retry, from those of the command that started a run."""
    try:
        program, *given = shlex.split(identity.command)
    except ValueError:
        return None
    if Path(program).name not in ("dotflow", "main.py") or not given:
        return None
    if given[0] not in _COMMANDS:
        return None
    workflow, passed = None, [f"--tag={tag}" for tag in identity.tags]
    rest = iter(given[1:])
    for word in rest:
        name, equals, value = word.partition("=")
        if name in ("-w", "--workflow"):
            workflow = value if equals else next(rest, None)
        elif name in _PASSED_ON:
            text = value if equals else next(rest, "")
            passed.append(f"{_PASSED_ON[name]}={text}")
    if workflow is None:
        return None
    start = [] if from_task is None else [f"--from={from_task}"]
    return ["retry", run_id, f"--workflow={workflow}", *passed, *start]


def _typed(report: RunReport, words: list[str]) -> str:
    return _again(report.identity.cwd, shlex.join(["dotflow", *words]))


def _again(folder: str, command: str) -> str:
    if not command:
        return "Run its program again, in its folder."
    if command.partition(" ")[0].endswith(".py"):
        command = f"python {command}"
    return f"cd {shlex.quote(folder)} && {command}" if folder else command
