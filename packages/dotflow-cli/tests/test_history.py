"""What the history of runs tells, and what can be done with a run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

START = ["start", "-w", "steps:chain", "-o", "sqlite", "--workflow-id", "nightly"]


@pytest.fixture
def failed(dotflow: Run, folder: Path) -> str:
    """Give the id of a run that failed, after one that completed."""
    assert dotflow(*START).returncode == 0
    (folder / "broken").touch()
    assert dotflow(*START).returncode == 1
    (folder / "broken").unlink()
    (run, _) = json.loads(dotflow("runs", "--json").stdout)
    return str(run["run_id"])


@pytest.mark.parametrize(
    ("filters", "statuses"),
    [
        ([], ["Failed", "Completed"]),
        (["--status", "failed"], ["Failed"]),
        (["--status", "running"], []),
        (["--status", "crashed"], []),
        (["--workflow", "nightly"], ["Failed", "Completed"]),
        (["--workflow", "other"], []),
        (["--since", "1h"], ["Failed", "Completed"]),
        (["--since", "2999-01-01"], []),
        (["-n", "1"], ["Failed"]),
    ],
)
def test_runs(
    dotflow: Run, failed: str, filters: list[str], statuses: list[str]
) -> None:
    """Runs are listed newest first, and filtered as asked."""
    result = dotflow("runs", "--json", *filters)
    assert [run["status"] for run in json.loads(result.stdout)] == statuses
    assert dotflow("runs", *filters).returncode == 0


def test_show(dotflow: Run, failed: str) -> None:
    """A run is found by parts of its id and by its workflow, and shown with its errors."""
    for wanted in ([], ["latest"], ["nightly"], [failed], [failed[-8:].lower()]):
        result = dotflow("show", *wanted)
        assert result.returncode == 0, result.stderr
        assert failed in result.stdout
        assert "RuntimeError: it is broken" in result.stdout
        assert "█" in result.stdout


def test_show_formats(dotflow: Run, failed: str) -> None:
    """A run is also shown as JSON, as a flowchart and as an image."""
    assert json.loads(dotflow("show", "--json").stdout)["run_id"] == failed
    assert dotflow("show", "--format", "mermaid").stdout.startswith("flowchart")
    assert dotflow("show", "--format", "svg").stdout.startswith("<svg")


def test_logs(dotflow: Run, failed: str) -> None:
    """The events of a run are lines, of one task where that is asked."""
    for arguments in (["logs"], ["logs", failed, "--follow"]):
        text = dotflow(*arguments).stdout
        assert "RunStarted" in text
        assert "it is broken" in text
    events = [
        json.loads(line)
        for line in dotflow("logs", "--task", "two", "--json").stdout.splitlines()
    ]
    assert [event["event"] for event in events] == ["TaskStarted", "TaskFailed"]


def test_maps(dotflow: Run, folder: Path) -> None:
    """Of a mapped task the counts of its items are shown, and its failed items told."""
    (folder / "maps.py").write_text(
        "from dotflow import DotFlow, action\n"
        "workflow = DotFlow()\n"
        "workflow.task.add(action(lambda: range(3)), name='numbers')\n"
        "workflow.task.add(action(lambda item: 1 // item), name='parts',"
        " map_over='numbers')\n"
    )
    assert dotflow("start", "-w", "maps:workflow", "-o", "sqlite", "--keep-going")
    shown = dotflow("show").stdout
    assert "2/3 items, 1 failed; ZeroDivisionError" in shown
    assert "parts[0]" in dotflow("logs").stdout
    (told,) = json.loads(dotflow("show", "--json").stdout)["tasks"][1]["failed_items"]
    assert told["index"] == 0


def test_log_file(dotflow: Run, folder: Path) -> None:
    """Without a history the log file is printed."""
    assert dotflow("logs").returncode == 1
    (folder / ".output").mkdir()
    (folder / ".output" / "flow.log").write_text("a line\n")
    assert dotflow("logs").stdout == "a line\n"


def test_retry(dotflow: Run, folder: Path, failed: str) -> None:
    """A retry runs what the run has not completed, and nothing else."""
    result = dotflow("retry", failed, "-w", "steps:chain")
    assert result.returncode == 0, result.stderr
    ran = {name: (folder / name).read_text() for name in ("one", "two", "three")}
    assert ran == {"one": "xx", "two": "xxx", "three": "xx"}
    again = dotflow("retry", "nightly", "-w", "steps:chain")
    assert again.returncode == 1
    assert "--from" in again.stderr
    result = dotflow("retry", "nightly", "-w", "steps:chain", "--from", "three")
    assert result.returncode == 0, result.stderr
    assert (folder / "three").read_text() == "xxx"
    assert (folder / "two").read_text() == "xxx"


def test_retry_of_an_older_run(dotflow: Run, failed: str) -> None:
    """A run whose checkpoints are gone is not retried."""
    older = json.loads(dotflow("runs", "--json").stdout)[1]["run_id"]
    result = dotflow("retry", older, "-w", "steps:chain")
    assert result.returncode == 1
    assert failed in result.stderr


def test_random_id(dotflow: Run) -> None:
    """A run without a fixed id can be neither retried nor cancelled, which is said."""
    dotflow("start", "-s", "steps.fail", "-o", "sqlite")
    result = dotflow("retry", "latest", "-w", "steps:chain")
    assert result.returncode == 1
    assert "--workflow-id" in result.stderr
    assert dotflow("cancel", "latest").returncode == 1


@pytest.mark.parametrize("named", ["nightly", "latest"])
def test_cancel(
    dotflow: Run, program: Path, folder: Path, environ: dict[str, str], named: str
) -> None:
    """A run in another process ends when it is cancelled, with exit code 1."""
    command = [program, "start", "-w", "steps:waiting", "-o", "sqlite"]
    command += ["--workflow-id", "nightly"]
    with subprocess.Popen(
        command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (folder / "waiting").exists():
            assert process.poll() is None
            time.sleep(0.02)
        assert dotflow("cancel", named, "--reason", "enough").returncode == 0
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "enough" in errors
    assert json.loads(dotflow("runs", "--json").stdout)[0]["status"] == "Cancelled"
    assert dotflow("cancel", named).returncode == 1


PIPELINE = """
import sys, time
from pathlib import Path
from dotflow import Pipeline
from dotflow.providers import StorageSQLite

pipeline = Pipeline("slow", storage=StorageSQLite(sys.argv[1]))

@pipeline.task()
def wait():
    Path("waiting").touch()
    while True:
        time.sleep(0.01)

print(pipeline.run()["status"])
"""


def test_cancel_of_a_pipeline(
    dotflow: Run, folder: Path, environ: dict[str, str]
) -> None:
    """The run of a pipeline in another process ends when it is cancelled, too."""
    (folder / "slow.py").write_text(PIPELINE, encoding="utf-8")
    storage = f"sqlite:///{folder / 'runs.db'}"
    with subprocess.Popen(
        [sys.executable, "slow.py", folder / "runs.db"],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while not (folder / "waiting").exists():
            assert process.poll() is None
            time.sleep(0.02)
        asked = dotflow("cancel", "latest", "-o", storage)
        assert asked.returncode == 0, asked.stderr
        process.communicate(timeout=60)
    runs = json.loads(dotflow("runs", "-o", storage, "--json").stdout)
    assert [(run["name"], run["status"]) for run in runs] == [("slow", "Cancelled")]


def test_no_history(dotflow: Run, folder: Path) -> None:
    """Without a database nothing is made, and the message says how to get one."""
    for arguments in (["runs"], ["show"], ["cancel", "a"], ["logs", "a"]):
        result = dotflow(*arguments)
        assert result.returncode == 1
        assert "sqlite" in result.stderr
    assert not (folder / ".output").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "absent"], 1),
        (["show", ""], 1),
        (["show", "0"], 1),
        (["logs", "absent"], 1),
        (["retry", "absent", "-w", "steps:chain"], 1),
        (["retry", "latest"], 2),
        (["runs", "--since", "yesterday"], 2),
        (["runs", "--since", "999999w"], 2),
        (["runs", "--status", "odd"], 2),
        (["runs", "-o", "file"], 2),
        (["runs", "-o", "default"], 2),
        (["cancel", "a", "-o", "default"], 2),
        (["show", "-p", "runs.db"], 2),
    ],
)
def test_mistakes(dotflow: Run, failed: str, arguments: list[str], code: int) -> None:
    """A mistake is told without a traceback, with its exit code."""
    result = dotflow(*arguments)
    assert result.returncode == code, result.stderr
    assert "Error:" in result.stderr
    assert "Traceback" not in result.stderr


def test_storage_of_the_environment(dotflow: Run, folder: Path) -> None:
    """`DOTFLOW_STORAGE` is where steps are kept and where runs are looked for."""
    environ = {"DOTFLOW_STORAGE": "sqlite:///kept.db"}
    assert dotflow("start", "-s", "steps.one", **environ).returncode == 0
    (run,) = json.loads(dotflow("runs", "--json", **environ).stdout)
    assert run["status"] == "Completed"


def test_graph(dotflow: Run, folder: Path) -> None:
    """A graph is drawn as text, as a flowchart and into a file."""
    assert "<- one" in dotflow("graph", "-w", "steps:chain").stdout
    chart = dotflow("graph", "-w", "steps:pipeline", "--format", "mermaid")
    assert chart.stdout.startswith("flowchart")
    image = ["graph", "-w", "steps:chain", "--format", "svg", "--output"]
    assert dotflow(*image, "graph.svg").returncode == 0
    assert (folder / "graph.svg").read_text().startswith("<svg")
    assert dotflow(*image, "no/such/folder.svg").returncode == 1
