"""`dotflow schedule --file`."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]
    Started = Callable[..., AbstractContextManager[subprocess.Popen[str]]]

pytest.importorskip("dotflow_scheduler")
unix = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")

EVERY_SECOND = "* * * * * *"
NEVER_NOW = "0 0 29 2 *"


def entry(**values: object) -> str:
    """Write an entry; a value is TOML as it stands."""
    lines = [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(["[[schedule]]", *lines, ""])


def text(value: str) -> str:
    """Write a text as TOML."""
    return f'"{value}"'


def ticking(**values: object) -> str:
    """Write an entry that is due every second."""
    return entry(cron=text(EVERY_SECOND), **values)


@pytest.fixture
def write(folder: Path) -> Callable[..., None]:
    """Give a function that writes `schedules.toml`."""

    def do(*entries: str) -> None:
        (folder / "schedules.toml").write_text("\n".join(entries), encoding="utf-8")

    return do


@pytest.fixture
def started(
    program: Path, folder: Path, environ: dict[str, str], write: Callable[..., None]
) -> Started:
    """Give a context manager that runs the entries of a `schedules.toml`."""

    @contextmanager
    def do(*entries: str) -> Iterator[subprocess.Popen[str]]:
        write(*entries)
        with (
            (folder / "errors").open("w") as errors,
            subprocess.Popen(
                [program, "schedule", "--file", "schedules.toml"],
                cwd=folder,
                env=environ,
                stdout=errors,
                stderr=errors,
                text=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    return do


def wait_for(
    process: subprocess.Popen[str], folder: Path, condition: Callable[[], bool]
) -> None:
    """Wait for a condition while the command goes on."""
    while not condition():
        assert process.poll() is None, (folder / "errors").read_text()
        time.sleep(0.02)


def interrupt(process: subprocess.Popen[str], folder: Path) -> None:
    """Send the first signal to a run that goes on, and wait until that is told."""
    wait_for(process, folder, (folder / "waiting").exists)
    process.send_signal(signal.SIGINT)
    wait_for(
        process, folder, lambda: "Stopping after" in (folder / "errors").read_text()
    )


def length(path: Path) -> int:
    """Return how much a step has written."""
    return len(path.read_text()) if path.exists() else 0


def test_dry_run(dotflow: Run, write: Callable[..., None], folder: Path) -> None:
    """A dry run shows the next times of each entry, in its own zone, and runs nothing."""
    write(
        entry(step=text("steps.one"), cron=text("30 6 * * *"), timezone=text("UTC")),
        entry(
            workflow=text("steps:with_arguments"),
            cron=text("15 7 * * *"),
            timezone=text("Asia/Tokyo"),
            params='{times = 2, word = "5"}',
            overlap=text("parallel"),
            mode=text("parallel"),
            storage=text("sqlite:///runs.db"),
            workflow_id=text("nightly"),
            resume="true",
            keep_going="true",
            max_parallel="2",
            deadline="1.5",
        ),
    )
    result = dotflow("schedule", "--file", "schedules.toml", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("06:30:00 UTC  schedule 1 (steps.one)") == 3
    assert result.stderr.count("07:15:00 JST  schedule 2 (steps:with_arguments)") == 3
    assert not (folder / "one").exists()


def test_problems_together(dotflow: Run, write: Callable[..., None]) -> None:
    """All that is wrong with a file is told at once, each with its entry, and exit code 2."""
    write(
        'shedule = "x"',
        entry(step=text("steps.one"), **{"workflow-id": text("x")}),
        entry(cron=text("* *"), timezone=text("Up"), overlap=text("odd")),
        entry(
            step=text("steps.one"),
            workflow=text("steps:chain"),
            cron="5",
            resume=text("yes"),
            max_parallel="true",
            deadline="0",
            params="1",
        ),
        entry(workflow=text("steps:nothing"), cron=text(EVERY_SECOND)),
        entry(step=text("steps.absent"), cron=text(EVERY_SECOND)),
        ticking(workflow=text("steps:broken")),
        ticking(workflow=text("steps:chain"), resume="true"),
        ticking(step=text("steps.one"), mode=text("odd")),
        ticking(step=text("steps.one"), storage=text("nowhere://x")),
        ticking(step=text("steps.one"), initial_context="2026-01-31"),
    )
    result = dotflow("schedule", "--file", "schedules.toml")
    assert result.returncode == 2, result.stderr
    lines = result.stderr.splitlines()
    for expected in [
        "'shedule'. Did you mean 'schedule'?",
        (
            "schedule 1 (steps.one): there is no key 'workflow-id'. Did you mean"
            " 'workflow_id'?"
        ),
        "schedule 1 (steps.one): cron is missing",
        "schedule 2: SchedulerCron(cron='* *')",
        "schedule 2: SchedulerCron(timezone='Up')",
        "schedule 2: overlap must be one of skip, queue, parallel, not 'odd'",
        "schedule 2: give either step or workflow",
        "schedule 3 (steps:chain): give either step or workflow",
        "schedule 3 (steps:chain): cron must be a text",
        "schedule 3 (steps:chain): resume must be true or false, not 'yes'",
        "schedule 3 (steps:chain): max_parallel must be a whole number",
        "schedule 3 (steps:chain): deadline must be a number of seconds above 0",
        "schedule 3 (steps:chain): params must be a table",
        "schedule 4 (steps:nothing): ",
        "schedule 5 (steps.absent): ",
        "schedule 6 (steps:broken): ZeroDivisionError",
        "schedule 7 (steps:chain): ",
        "schedule 8 (steps.one): ",
        "schedule 9 (steps.one): ",
        "schedule 10 (steps.one): initial_context must be a value that JSON can hold",
    ]:
        assert any(expected in line for line in lines), (expected, result.stderr)
    assert "Next run" not in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "[[schedule]]"),
        ("schedule = 1", "[[schedule]]"),
        ("schedule = []", "no schedule"),
        ("[schedule]\nstep = 'x'", "[[schedule]]"),
        ("[[schedule]", "is no TOML"),
        (ticking(workflow=text("steps:workflow")) * 2, "the same object as schedule 1"),
        (
            ticking(step=text("steps.one"), resume="true") * 2,
            "workflow_id of its own",
        ),
    ],
)
def test_wrong_files(
    dotflow: Run, write: Callable[..., None], content: str, message: str
) -> None:
    """A file that cannot be what is meant is refused with exit code 2."""
    write(content)
    result = dotflow("schedule", "--file", "schedules.toml")
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--file", "absent.toml"], "cannot be read"),
        (["--file", "."], "cannot be read"),
        (["--file", "x.toml", "-s", "steps.one"], "--step"),
        (["--file", "x.toml", "-w", "steps:chain"], "--workflow"),
        (["--file", "x.toml", "--cron", EVERY_SECOND], "--cron"),
        (["--file", "x.toml", "--mode", "sequential"], "--mode"),
    ],
)
def test_wrong_usage(dotflow: Run, arguments: list[str], message: str) -> None:
    """What the file says cannot be said beside it, and a file must be there."""
    result = dotflow("schedule", *arguments)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr


@unix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_run(started: Started, dotflow: Run, folder: Path, number: int) -> None:
    """Entries run beside each other though others fail, until a signal ends all with 0."""
    with started(
        ticking(step=text("steps.one"), overlap=text("queue")),
        ticking(step=text("steps.fail")),
        ticking(step=text("steps.leave")),
        ticking(
            workflow=text("steps:with_arguments"),
            params='{times = 1, word = "named"}',
            storage=text("sqlite:///runs.db"),
            workflow_id=text("nightly"),
            resume="true",
        ),
        ticking(step=text("steps.count"), mode=text("parallel")),
        entry(step=text("steps.three"), cron=text(NEVER_NOW)),
    ) as process:

        def all_ran() -> bool:
            told = (folder / "errors").read_text()
            return (
                length(folder / "one") >= 2
                and length(folder / "count") >= 2
                and told.count("fail: failed") >= 2
                and told.count("leave: started") >= 2
                and "got 'named'" in told.replace('"', "'")
            )

        wait_for(process, folder, all_ran)
        process.send_signal(number)
        assert process.wait(60) == 0, (folder / "errors").read_text()
    assert "The schedules have ended." in (folder / "errors").read_text()
    assert not (folder / "three").exists()
    runs = dotflow("runs", "--storage", "sqlite:///runs.db")
    assert "nightly" in runs.stdout


@unix
def test_first_signal(started: Started, folder: Path) -> None:
    """The first signal lets a run that goes on end, with all its tasks."""
    with started(
        ticking(workflow=text("steps:waiting")),
        entry(step=text("steps.one"), cron=text(NEVER_NOW)),
    ) as process:
        interrupt(process, folder)
        (folder / "go").touch()
        assert process.wait(60) == 0, (folder / "errors").read_text()
    assert length(folder / "count") == 1


@unix
@pytest.mark.parametrize("overlap", ["skip", "parallel"])
@pytest.mark.parametrize("mode", ["sequential", "parallel", "threads", "background"])
def test_second_signal(started: Started, folder: Path, mode: str, overlap: str) -> None:
    """The second signal ends runs that go on, in whatever thread or process they are."""
    with started(
        ticking(step=text("steps.wait_for_go"), mode=text(mode), overlap=text(overlap)),
        entry(step=text("steps.one"), cron=text(NEVER_NOW)),
    ) as process:
        interrupt(process, folder)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130, (folder / "errors").read_text()
