"""`dotflow schedule`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from dotflow.history.schedules import Schedules
from dotflow.providers import StorageSQLite

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]
    Begun = Callable[..., AbstractContextManager[subprocess.Popen[str]]]

EVERY_SECOND = "* * * * * *"


@pytest.fixture
def scheduler() -> None:
    """Skip where dotflow-scheduler is not installed."""
    pytest.importorskip("dotflow_scheduler")


@pytest.mark.usefixtures("scheduler")
@pytest.mark.parametrize(
    "what", [["-s", "steps.one"], ["-w", "steps:chain"], ["-w", "steps:pipeline"]]
)
def test_next_runs(dotflow: Run, folder: Path, what: list[str]) -> None:
    """The next runs are shown in the zone that was asked for; a dry run runs nothing."""
    result = dotflow(
        "schedule", *what, "--cron", "30 6 * * *", "--timezone", "UTC", "--dry-run"
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("Next run: ") == 3
    assert "06:30:00 UTC" in result.stderr
    assert not (folder / "one").exists()


OWN = """
import time
from pathlib import Path
from dotflow import Config, DotFlow, action
from dotflow.abc.scheduler import Scheduler
from dotflow.providers import SchedulerCron, StorageSQLite

class Twice(Scheduler):
    def start(self, workflow, **kwargs):
        workflow(**kwargs)
        workflow(**kwargs)
    def stop(self): ...

@action
def step():
    with open("steps", "a") as file:
        file.write("x")

@action
def block():
    Path("started").touch()
    time.sleep(1000)

def cron(): return made(SchedulerCron("0 5 * * *", timezone="UTC"))
def twice(): return made(Twice())
def blocking():
    return made(SchedulerCron("* * * * * *"), block, StorageSQLite("runs.db"))
def made(scheduler, step=step, storage=None):
    flow = DotFlow(Config(scheduler=scheduler, storage=storage), workflow_id="own")
    flow.task.add(step)
    return flow
"""


@pytest.mark.usefixtures("scheduler")
@pytest.mark.parametrize("how", ["options", "file"])
def test_the_workflows_own_scheduler(dotflow: Run, folder: Path, how: str) -> None:
    """Without --cron a workflow goes by its own scheduler, of whatever class."""
    (folder / "own.py").write_text(OWN)

    def schedule(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        if how == "options":
            return dotflow("schedule", "-w", f"own:{name}", *arguments)
        (folder / "one.toml").write_text(f'[[schedule]]\nworkflow = "own:{name}"\n')
        return dotflow("schedule", "--file", "one.toml", *arguments)

    result = schedule("cron", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("05:00:00 UTC") == 3
    result = schedule("twice")
    assert result.returncode == 0, result.stderr
    assert "Twice" in result.stderr
    assert (folder / "steps").read_text() == "xx"


@pytest.mark.usefixtures("scheduler")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize(
    ("mode", "number"),
    [
        *((mode, signal.SIGINT) for mode in ("sequential", "threads", "parallel")),
        *((mode, signal.SIGTERM) for mode in ("sequential", "background", "async")),
    ],
)
def test_a_second_signal(
    begun: Begun,
    folder: Path,
    mode: str,
    number: signal.Signals,
) -> None:
    """The second signal ends a run that blocks in every mode, told as Cancelled."""
    (folder / "own.py").write_text(OWN)
    command = ["schedule", "-w", "own:blocking", "-m", mode]
    with begun(*command, until="started") as process:
        process.send_signal(number)
        time.sleep(0.5)  # the signals are told apart
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors
    runs = StorageSQLite(folder / "runs.db")
    assert [run.status for run in runs.history.runs()] == ["Cancelled"]
    runs.close()


@pytest.mark.usefixtures("scheduler")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_it_runs(begun: Begun) -> None:
    """A step runs at its times, and the first Ctrl-C ends the schedule in good order."""
    command = ["schedule", "-s", "steps.one", "--cron", EVERY_SECOND]
    command += ["-o", "file", "--resume", "--overlap", "queue"]
    with begun(*command, until="one", holds="xx") as process:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "one: completed" in errors
    assert "The schedule has ended." in errors


@pytest.mark.usefixtures("scheduler")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cron", "* * * * *"], "either --step or --workflow"),
        (["-s", "steps.one"], "--cron"),
        (["-w", "steps:chain"], "has no scheduler"),
        (["-w", "steps:chain", "--overlap", "queue"], "--overlap needs --cron"),
        (["-w", "steps:chain", "--timezone", "UTC"], "--timezone needs --cron"),
        (["-s", "steps.one", "--cron", "* *"], "cron"),
        (["-s", "steps.one", "--cron", "0 0 31 2 *"], "date"),
        (["-s", "steps.one", "--cron", "* * * * *", "--overlap", "x"], "overlap"),
        (["-s", "steps.one", "--cron", "* * * * *", "--timezone", "Up"], "zone"),
        (["-s", "steps.one", "--cron", "* * * * *", "-m", "odd"], "odd"),
        (["-s", "steps.one", "--cron", "* * * * *", "--deadline", "nan"], "deadline"),
        (["-s", "steps.one", "--cron", "* * * * *", "--max-parallel", "0"], "parallel"),
        (["-w", "steps:chain", "--cron", "* * * * *", "--resume"], "workflow_id"),
        (["-w", "steps:nothing", "--cron", "* * * * *"], "returned None"),
    ],
)
def test_mistakes(dotflow: Run, arguments: list[str], message: str) -> None:
    """A mistake is told before the first tick, with exit code 2."""
    result = dotflow("schedule", *arguments)
    assert result.returncode == 2, result.stderr
    assert message.replace(" ", "") in "".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_not_installed(folder: Path, environ: dict[str, str]) -> None:
    """Without dotflow-scheduler the command says what to install."""
    code = (
        "import sys\n"
        "from dotflow.providers import registry\n"
        "def absent(group, name): raise KeyError(name)\n"
        "registry.load_entry_point = absent\n"
        "from dotflow_cli.main import main\n"
        "sys.argv = ['dotflow', 'schedule', '-s', 'steps.one', '--cron', '* * * * *']\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert 'pip install "dotflow[scheduler]==' in result.stderr


@pytest.mark.usefixtures("scheduler")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_schedules(dotflow: Run, begun: Begun, folder: Path) -> None:
    """Another process lists a schedule, pauses it and triggers a run; killed, it is told."""
    storage = ["-o", "sqlite:///runs.db"]
    command = ["schedule", "-s", "steps.one", "--cron", EVERY_SECOND]
    command += ["--name", "mine", *storage]
    with begun(*command, until="one") as process:
        assert dotflow("schedules", *storage, "pause", "mine").returncode == 0
        seen = Schedules(StorageSQLite(folder / "runs.db"))
        while seen.get("mine").last.finished is None:  # type: ignore[union-attr]
            time.sleep(0.05)
        runs = (folder / "one").read_text()
        result = dotflow("schedules", *storage)
        assert "mine  Paused  * * * * * *" in result.stdout, result.stderr
        assert (folder / "one").read_text() == runs
        assert dotflow("schedules", "trigger", "mine", *storage).returncode == 0
        while (folder / "one").read_text() == runs:
            time.sleep(0.05)
        assert (folder / "one").read_text() == f"{runs}x"
        seen.resume("mine")
        process.kill()
        process.communicate()
    while seen.get("mine").status != "Missed":
        time.sleep(0.05)
    result = dotflow("schedules", *storage, "--check", "--json")
    assert result.returncode == 1, result.stderr
    assert json.loads(result.stdout)[0]["missed"]


@pytest.mark.usefixtures("scheduler")
def test_names_of_schedules(dotflow: Run, folder: Path) -> None:
    """Two schedules of a file cannot have one name that the user gave."""
    entry = '[[schedule]]\nname = "x"\nstep = "steps.one"\ncron = "0 5 * * *"\n'
    (folder / "two.toml").write_text(entry * 2)
    result = dotflow("schedule", "--file", "two.toml", "--dry-run")
    assert result.returncode == 2
    assert "its name is 'x', as that of schedule 1" in result.stderr
