"""What the history of runs tells, and what can be done with a run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click
import pytest

from dotflow_cli.moments import read_period

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]
    Begun = Callable[..., AbstractContextManager[subprocess.Popen[str]]]

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
@pytest.mark.sampled(4)
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
    unknown = dotflow("logs", "--task", "twoo")
    assert unknown.returncode == 2
    assert "There is no task 'twoo'. Did you mean 'two'?" in unknown.stderr


def test_output(dotflow: Run, folder: Path) -> None:
    """What steps print stands in lines of its own, whatever it looks like."""
    (folder / "loud.py").write_text(
        "from dotflow import DotFlow, action\n"
        "@action(retry=2, retry_delay=0)\n"
        "def loud():\n"
        "    print('\\x1b[31mred\\x1b[0m \\x1b]0;title\\a')\n"
        "    print('2026-01-01 00:00:00.000  Completed  loud')\n"
        "    print('no end', end='')\n"
        "    raise ValueError\n"
        "workflow = DotFlow()\n"
        "workflow.task.add(loud)\n"
    )
    assert dotflow("start", "-w", "loud:workflow", "-o", "sqlite").returncode == 1
    for follow in ([], ["--follow"]):
        lines = dotflow("logs", *follow, "--task", "loud", "--attempt", "2").stdout
        texts = [line.partition("  ")[2] for line in lines.splitlines()]
        assert texts == [
            "Started  loud  attempt 2",
            "stdout  loud  attempt 2 | red \\x1b]0;title\\x07",
            "stdout  loud  attempt 2 | 2026-01-01 00:00:00.000  Completed  loud",
            "stdout  loud  attempt 2 | no end",
            "Failed  loud  attempt 2  ValueError: ValueError was raised without a message",
        ]
    assert "| no end" in dotflow("show").stdout
    assert dotflow("logs").stdout.count("no end") == 2


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


def test_retry_of_a_run_that_was_retried(
    dotflow: Run, folder: Path, failed: str
) -> None:
    """Of a run that newer ones have gone on from what has completed is kept as well."""
    (folder / "broken").touch()
    for _ in range(2):
        assert dotflow("retry", failed, "-w", "steps:chain").returncode == 1
    (folder / "broken").unlink()
    result = dotflow("retry", failed, "-w", "steps:chain")
    assert result.returncode == 0, result.stderr
    assert "not the newest" not in result.stderr
    assert (folder / "one").read_text() == "xx"


def test_retry_of_an_older_run(dotflow: Run, folder: Path, failed: str) -> None:
    """Of a run whose checkpoints are a newer one's all tasks run again, which is said."""
    assert dotflow(*START).returncode == 0
    result = dotflow(
        "retry", failed[:-1].lower(), "-w", "steps:chain", "--tag", "again"
    )
    assert result.returncode == 0, result.stderr
    assert "not the newest" in result.stderr
    assert (folder / "three").read_text() == "xxx"
    newest = json.loads(dotflow("runs", "--json", "--tag", "again").stdout)[0]
    told = newest["identity"]
    assert (told["started_by"], told["retry_of"]) == ("retry", failed)
    assert told["commit"] is None
    shown = dotflow("show", newest["run_id"][:-1], "--values").stdout
    assert f"retry of  {failed}" in shown
    assert "two result  2 (int)" in shown


def test_retry_keeps_what_is_still_there(
    dotflow: Run, folder: Path, failed: str
) -> None:
    """Of an older run what no newer one has replaced is kept, and the rest is named."""
    (folder / "broken").touch()
    (folder / "steps.py").write_text((folder / "steps.py").read_text() + _BY_DAY)
    started = [*START[:1], "-w", "steps:by_day", "-o", "sqlite"]
    started += ["--workflow-id", "daily", "--mode", "parallel"]
    assert dotflow(*started, "--param", "day=1").returncode == 1
    (old, *_) = json.loads(dotflow("runs", "--json").stdout)
    (folder / "stop").touch()
    assert dotflow(*started, "--param", "day=2").returncode == 1
    (newer, *_) = json.loads(dotflow("runs", "--json").stdout)
    (folder / "stop").unlink()
    (folder / "broken").unlink()
    result = dotflow("retry", old["run_id"], "-w", "steps:by_day", "-o", "sqlite")
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stderr.splitlines() if "not the newest" in line]
    assert len(lines) == 1
    assert "'read'" in lines[0]
    assert "'other'" in lines[0]
    ran = (folder / "ran").read_text().split()
    assert sorted(ran) == ["other1", "read1", "read1", "read2", "sum1"]
    (retried, *_) = json.loads(dotflow("runs", "--json").stdout)
    assert retried["mode"] == "parallel"
    assert retried["identity"]["params"] == {"day": "1"}
    # The newer one can be gone on with as well.
    result = dotflow("retry", newer["run_id"], "-w", "steps:by_day", "-o", "sqlite")
    assert result.returncode == 0, result.stderr
    ran = (folder / "ran").read_text().split()[5:]
    assert sorted(ran) == ["other2", "read2", "sum2"]


def test_retry_asks_for_what_the_history_does_not_tell(
    dotflow: Run, folder: Path
) -> None:
    """A parameter that was hidden or cut is asked for, and never made up."""
    (folder / "broken").touch()
    (folder / "steps.py").write_text((folder / "steps.py").read_text() + _BY_DAY)
    started = ["start", "-w", "steps:secretive", "-o", "sqlite", "--param"]
    assert dotflow(*started, "token=hidden").returncode == 1
    (folder / "broken").unlink()
    result = dotflow("retry", "latest", "-w", "steps:secretive", "-o", "sqlite")
    assert result.returncode == 2
    assert "--param token=" in result.stderr
    assert "hidden" not in result.stderr
    again = ("retry", "latest", "-w", "steps:secretive", "-o", "sqlite", "--param")
    assert dotflow(*again, "token=hidden").returncode == 0


def test_retry_of_a_pipeline_in_a_workflow_has_its_context(
    dotflow: Run, folder: Path
) -> None:
    """The initial context of the run is used again, and another workflow is named."""
    (folder / "steps.py").write_text((folder / "steps.py").read_text() + _BY_DAY)
    (folder / "broken").touch()
    began = ("start", "-w", "steps:shared", "-o", "sqlite", "-i", '{"day": 3}')
    assert dotflow(*began).returncode == 1
    (folder / "broken").unlink()
    result = dotflow("retry", "latest", "-w", "steps:shared", "-o", "sqlite")
    assert result.returncode == 0, result.stderr
    assert (folder / "ran").read_text().split() == ["day3", "day3"]
    (folder / "broken").touch()
    began = ("start", "-w", "steps:by_day", "-o", "sqlite", "--param", "day=1")
    assert dotflow(*began).returncode == 1
    for other in ("steps:chain", "steps:shared"):
        result = dotflow("retry", "latest", "-w", other, "-o", "sqlite")
        assert result.returncode == 2
        assert "was started with day" in result.stderr


_BY_DAY = """
from dotflow import RunContext

shared = Pipeline("shared")

@shared.task()
def use(context: RunContext):
    note(f"day{context.deps['day']}")
    if Path("broken").exists():
        raise RuntimeError("it is broken")

def note(text):
    with open("ran", "a") as file:
        file.write(text + "\\n")

@action
def read(initial_context):
    note(f"read{initial_context.storage}")
    return initial_context.storage

@action
def other(initial_context):
    if Path("stop").exists():
        raise RuntimeError("stopped")
    note(f"other{initial_context.storage}")
    return initial_context.storage

@action
def sum(read, other):
    if Path("broken").exists():
        raise RuntimeError("it is broken")
    note(f"sum{read}")

def by_day(day=0):
    workflow = DotFlow()
    workflow.task.add(read, initial_context=day)
    workflow.task.add(other, initial_context=day)
    workflow.task.add(sum, depends_on=["read", "other"])
    return workflow

def secretive(token=None):
    return by_day(token)
"""


def test_random_id(dotflow: Run, folder: Path) -> None:
    """A run of a random workflow id is retried from where it was, by its own id."""
    (folder / "broken").touch()
    assert dotflow("start", "-w", "steps:chain", "-o", "sqlite").returncode == 1
    assert dotflow("start", "-s", "steps.one", "-o", "sqlite").returncode == 0
    (folder / "broken").unlink()
    (_, run) = json.loads(dotflow("runs", "--json").stdout)
    assert run["identity"]["workflow"] == "steps:chain"
    result = dotflow("retry", run["run_id"], "-w", "steps:chain")
    assert result.returncode == 0, result.stderr
    ran = {name: (folder / name).read_text() for name in ("one", "two", "three")}
    assert ran == {"one": "xx", "two": "xx", "three": "x"}
    (retried, *_) = json.loads(dotflow("runs", "--json", "-n", "1").stdout)
    assert retried["resumed_from"] == retried["identity"]["retry_of"] == run["run_id"]
    assert retried["identity"]["workflow"] == "steps:chain"
    assert dotflow("cancel", "latest").returncode == 1


def test_filters(dotflow: Run, failed: str) -> None:
    """Runs are found by their error, what it says, their status, and page by page."""
    for wanted in (["--error", "RuntimeError"], ["--text", "IS BROKEN"]):
        (found,) = json.loads(dotflow("runs", "--json", *wanted).stdout)
        assert found["run_id"] == failed
    both = ["--status", "failed", "--status", "completed"]
    first = dotflow("runs", "-n", "1", *both)
    cursor = first.stderr.split()[-1]
    second = dotflow("runs", "-n", "1", "--json", "--cursor", cursor, *both)
    assert failed in first.stdout
    assert [run["status"] for run in json.loads(second.stdout)] == ["Completed"]
    assert "RuntimeError: it is broken" in dotflow("history", "failures").stdout
    counts = json.loads(dotflow("history", "counts", "--json").stdout)
    assert counts == {"Completed": 1, "Failed": 1}


def test_elsewhere_and_back(dotflow: Run, folder: Path, failed: str) -> None:
    """Runs are exported, imported into a store of another kind once, and pruned."""
    assert dotflow("history", "export", "runs.jsonl").stderr == "Exported 2 runs.\n"
    assert dotflow("history", "export", "runs.jsonl").returncode == 1  # it is there
    files = ["--storage", "file", "--path", "files"]
    for taken in ("Imported 2 runs.", "Imported 0 runs, 2 were there already."):
        result = dotflow("history", "import", "runs.jsonl", *files)
        assert result.stderr.strip() == taken
    shown = [dotflow("show", failed, "--json", *of).stdout for of in ([], files)]
    assert json.loads(shown[0]) == json.loads(shown[1])
    (folder / "bad.jsonl").write_text('{"run": {"run_id": 1}}\n')
    result = dotflow("history", "import", "bad.jsonl")
    assert (result.returncode, "line 1" in result.stderr) == (1, True)
    pruned = dotflow("history", "prune", "--keep", "1", "--dry-run", "--json")
    assert [run["status"] for run in json.loads(pruned.stdout)] == ["Completed"]
    assert dotflow("history", "prune", "--keep", "1").stderr == "Forgot 1 run.\n"
    assert dotflow("history", "prune").returncode == 2


@pytest.mark.parametrize(
    ("named", "storage"), [("nightly", "sqlite"), ("latest", "file")]
)
def test_cancel(
    dotflow: Run,
    begun: Begun,
    named: str,
    storage: str,
) -> None:
    """A run in another process ends when it is cancelled; in files it is found as well."""
    command = ["start", "-w", "steps:waiting", "-o", storage]
    if named == "nightly":  # else the id is a random one
        command += ["--workflow-id", "nightly"]
    with begun(*command) as process:
        assert dotflow("cancel", named, "--reason", "enough").returncode == 0
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "enough" in errors
    assert json.loads(dotflow("runs", "--json").stdout)[0]["status"] == "Cancelled"
    assert dotflow("cancel", named).returncode == 1
    if storage == "file":
        assert "Cancelled" in dotflow("show").stdout
        assert "RunFinished" in dotflow("logs", "latest").stdout


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
        (["runs", "-o", "default"], 2),
        (["runs", "-o", "runs.db"], 2),
        (["runs", "--cursor", "odd"], 2),
        (["cancel", "a", "-o", "default"], 2),
        (["show", "-p", "runs.db"], 1),
    ],
)
@pytest.mark.sampled(6)
def test_mistakes(dotflow: Run, failed: str, arguments: list[str], code: int) -> None:
    """A mistake is told without a traceback, with its exit code."""
    result = dotflow(*arguments)
    assert result.returncode == code, result.stderr
    assert "Error:" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_moment_is_told_by_its_option() -> None:
    """What is no point in time is told by the option that it was given with."""
    with pytest.raises(click.UsageError, match="--until 'soon'"):
        read_period("1h", "soon")


def test_storage_of_the_environment(dotflow: Run, folder: Path) -> None:
    """`DOTFLOW_STORAGE` is where steps are kept and where runs are looked for."""
    environ = {"DOTFLOW_STORAGE": "sqlite:///kept.db"}
    assert dotflow("start", "-s", "steps.one", **environ).returncode == 0
    (run,) = json.loads(dotflow("runs", "--json", **environ).stdout)
    assert run["status"] == "Completed"


def test_graph(dotflow: Run, folder: Path) -> None:
    """A graph is drawn as text, as a flowchart and into a file."""
    assert "●  one" in dotflow("graph", "-w", "steps:chain").stdout
    chart = dotflow("graph", "-w", "steps:pipeline", "--format", "mermaid")
    assert chart.stdout.startswith("flowchart")
    image = ["graph", "-w", "steps:chain", "--format", "svg", "--output"]
    assert dotflow(*image, "graph.svg").returncode == 0
    assert (folder / "graph.svg").read_text().startswith("<svg")
    assert dotflow(*image, "no/such/folder.svg").returncode == 1
