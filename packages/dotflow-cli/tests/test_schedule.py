"""`dotflow schedule`."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

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


@pytest.mark.usefixtures("scheduler")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_it_runs(program: Path, folder: Path, environ: dict[str, str]) -> None:
    """A step runs at its times, and the first Ctrl-C ends the schedule in good order."""
    command = [program, "schedule", "-s", "steps.one", "--cron", EVERY_SECOND]
    command += ["-o", "file", "--resume", "--overlap", "queue"]
    with subprocess.Popen(
        command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (folder / "one").exists() or (folder / "one").read_text() != "xx":
            assert process.poll() is None
            time.sleep(0.05)
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
    assert 'pip install "dotflow[scheduler]"' in result.stderr
