"""What steps have told of themselves: progress, artifacts and facts."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from dotflow import Config, DotFlow, action, artifact, fact, progress
from dotflow.display import lines as plain
from dotflow.providers import StorageSQLite
from dotflow_cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Show = Callable[..., Any]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@action
def load() -> None:
    for row in progress(range(40), name="rows"):
        if row == 30:
            break
    artifact("rows", [{"a": n, "b": "x\x1b[31m"} for n in range(30)])
    artifact("notes\n", "# Notes\n\x1b[2Jcleared")
    artifact("plot", PNG)
    fact("customer", "acme")
    fact("rows", 30)
    fact("forged", "x\nStatus  Failed")
    raise ValueError("no more")


@pytest.fixture
def show(tmp_path: Path) -> Show:
    """Run a command on the history of a run that has told something."""
    address = f"sqlite:///{tmp_path}/runs.db"
    flow = DotFlow(Config(storage=StorageSQLite(tmp_path / "runs.db")))
    flow.task.add(load)
    flow.start()

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "-o", address])
        if result.exception is not None and not isinstance(
            result.exception, SystemExit
        ):
            raise result.exception
        return result

    return run


def test_logs_tell_what_steps_told(show: Show) -> None:
    """A line of `dotflow logs` says which fact, which artifact, and how far."""
    text = show("logs").output
    assert "  FactSet  load  customer=acme\n" in text
    assert "  Artifact  load  rows (table)\n" in text
    assert "  Progress  load  rows 30/40 (75%)\n" in text


def test_show_tells_facts_and_progress(show: Show) -> None:
    """A run is shown with its facts, and with how far a failed task came."""
    text = show("show").output
    assert "fact      customer=acme\n" in text
    assert "fact      rows=30\n" in text
    assert "fact      forged=x\\nStatus  Failed\n" in text
    assert "rows 30/40 (75%)" in text
    data = json.loads(show("show", "--json").stdout)
    assert data["facts"]["rows"] == 30
    assert data["tasks"][0]["attempts"][0]["progress"] == {"rows": [30, 40]}


def test_artifacts_are_shown_and_exported(show: Show, tmp_path: Path) -> None:
    """Artifacts are shown so that nothing in them steers the terminal, and exported."""
    text = show("show", "--artifacts").output
    assert "\x1b" not in text
    assert "… and 10 more rows" in text
    assert "# Notes\n\\x1b[2Jcleared" in text
    assert "png, 28 bytes" in text
    data = json.loads(show("show", "latest", "--artifacts", "--json").stdout)
    assert [one["kind"] for one in data] == ["table", "markdown", "image"]
    folder = tmp_path / "left"
    assert show("show", "--export", str(folder)).exit_code == 0
    assert (folder / "load-plot.png").read_bytes() == PNG
    again = show("show", "--export", str(folder))
    assert again.exit_code
    assert "not empty" in again.output


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (["customer=acme"], 1),
        (["rows>10", "customer=acme"], 1),
        (["rows>30"], 0),
        (["other=1"], 0),
    ],
)
def test_runs_are_listed_by_their_facts(
    show: Show, where: list[str], found: int
) -> None:
    """`runs --where` lists the runs that have all of these facts."""
    options = [part for test in where for part in ("--where", test)]
    assert len(json.loads(show("runs", "--json", *options).stdout)) == found


def test_a_question_that_is_none_is_refused(show: Show) -> None:
    """What asks nothing of a fact is refused with how to write it."""
    result = show("runs", "--where", "rows")
    assert result.exit_code
    assert "rows>10" in result.output


def test_lines_of_progress_are_few(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be redrawn, a line tells of a tenth, and of the end."""
    now = [0.0]
    monkeypatch.setattr(plain.time, "monotonic", lambda: now[0])
    lines = plain.PlainProgress()
    task = SimpleNamespace(name="load")
    for done in range(101):
        now[0] += 0.5
        lines.hook_task_progress(task, "rows", done, 100)
    lines.hook_task_progress(task, "", 5, None)
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "load: rows 1/100 (1%)"
    assert told[-2:] == ["load: rows 100/100 (100%)", "load: 5"]
    assert len(told) <= 13
