"""The report of a run, built from its tasks."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from datetime import UTC, timedelta
from textwrap import dedent

import pytest

from dotflow import Context, DotFlow, action
from dotflow.report import ErrorReport, RunReport, TaskReport
from dotflow.testing.imports import imported_by

MODES = ["sequential", "background", "parallel", "threads", "async"]
ODD = "a\"b<c>|d\n&'[e]{f}`;#g\x00\ud800"


@action
def three() -> list[int]:
    return [1, 2, 3]


@action(retry=2, retry_delay=0)
def never() -> None:
    raise ValueError("no <luck>")


@action
def after(previous_context: Context) -> None:
    return None


def run_flaky(mode, tmp_path):
    """Run a task that succeeds at its second attempt, in whatever process."""
    mark = tmp_path / "tried"

    @action(retry=3, retry_delay=0)
    def flaky() -> str:
        if mark.exists():
            return "done"
        mark.touch()
        raise OSError("first")

    workflow = DotFlow()
    workflow.task.add(flaky)
    manager = workflow.start(mode=mode)
    manager.wait()
    return manager.report()


@pytest.mark.parametrize("mode", MODES)
def test_every_attempt_is_told(mode, tmp_path):
    """In every mode a report has each attempt with its times, outcome and error."""
    report = run_flaky(mode, tmp_path)
    first, second = report["flaky"].attempts
    assert (first.number, first.outcome) == (1, "Failed")
    assert first.error == ErrorReport("OSError", "first", first.error.traceback)
    assert (second.number, second.outcome, second.error) == (2, "Completed", None)
    assert report.started <= first.started <= first.finished <= second.started
    assert second.started <= second.finished <= report.finished
    assert report["flaky"].started.utcoffset() == timedelta(0)


def failed_report(**options):
    workflow = DotFlow(workflow_id="etl", name="nightly")
    workflow.task.add(three)
    workflow.task.add(never, depends_on="three")
    workflow.task.add(after, depends_on="never")
    return workflow.start(**options).report()


def test_states():
    """A report tells outcomes, reasons and upstreams."""
    report = failed_report()
    assert (report.status, report.completed) == ("Failed", False)
    assert [task.state for task in report] == ["Completed", "Failed", "Skipped"]
    assert report["never"].reason == "no <luck>"
    assert report["after"].reason == "upstream task 'never' failed"
    assert report["after"].upstream == ("never",)
    assert [task.name for task in report.failed_tasks] == ["never"]
    assert (report.workflow_id, report.name) == ("etl", "nightly")


def test_results_are_not_told():
    """By default a report tells the type and size of a result, never its value."""
    report = failed_report()
    assert report["three"].result.to_dict() == {"type": "list", "size": 3}
    with pytest.raises(ValueError, match="include_results=True"):
        report["three"].result.load()


def test_results_on_request():
    """With include_results the value comes back with its type, a refusal is told."""

    class Odd:
        pass

    @action
    def pair() -> tuple[int, int]:
        return (1, 2)

    @action
    def odd() -> Odd:
        return Odd()

    workflow = DotFlow()
    workflow.task.add(pair).add(odd)
    report = workflow.start().report(include_results=True)
    assert report["pair"].result.load() == (1, 2)
    assert "Odd" in report["odd"].result.problem


def test_round_trip():
    """A report is the same after JSON, and unknown versions are refused."""
    report = failed_report()
    assert RunReport.from_json(report.to_json()) == report
    assert RunReport.from_dict(json.loads(report.to_json(indent=2))) == report
    with pytest.raises(ValueError, match="upgrade"):
        RunReport.from_dict({**report.to_dict(), "version": 99})


def test_a_report_stays_that_of_its_run():
    """A manager reports its own run, also after the workflow was started again."""
    workflow = DotFlow()
    workflow.task.add(three)
    first = workflow.start()
    before = first.report()
    second = workflow.start()
    assert first.report() == before
    assert second.report().run_id != before.run_id
    assert second.report()["three"].started >= before["three"].finished


def test_resumed():
    """A resumed run has an id of its own, names the one before, and tells restored tasks."""
    workflow = DotFlow(workflow_id="etl")
    workflow.task.add(three)
    first = workflow.start()
    second = workflow.start(resume=True)
    third = workflow.start(resume=True)
    assert second.report().resumed_from == first.run_id
    assert third.report().resumed_from == second.run_id
    task = third.report()["three"]
    assert (task.restored, task.attempts, task.result.type) == (True, [], "list")


def test_mermaid():
    """The flowchart of a run is stable text with a class for each state."""
    assert failed_report().to_mermaid() == dedent(
        """\
        flowchart LR
          n0["three<br/>completed"]
          n1["never<br/>failed, 2 attempts"]
          n2["after<br/>skipped"]
          n0 --> n1
          n1 --> n2
          classDef completed fill:#2e7d32,color:#ffffff
          class n0 completed
          classDef failed fill:#c62828,color:#ffffff
          class n1 failed
          classDef skipped fill:#cfd8dc,color:#263238
          class n2 skipped
        """
    )


def test_odd_names():
    """Any text in names and errors leaves the drawings well formed."""
    report = failed_report()
    for task in report.tasks:
        task.name = ODD + task.name
    report.tasks[1].attempts[0].error = ErrorReport("E<>", ODD)
    report.name = ODD
    root = ET.fromstring(report.to_svg())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert any('a"b<c>|d' in text for text in root.itertext())
    ET.fromstring(report._repr_html_().replace("&nbsp;", ""))
    chart = report.to_mermaid()
    assert len(chart.splitlines()) == 1 + 3 + 6
    label = chart.splitlines()[1].split('["')[1].removesuffix('"]')
    assert not set('"|`[]{}') & set(label)


def test_gantt_has_a_bar_for_each_attempt():
    """The Gantt chart has a bar an attempt, and a word where there was none."""
    svg = ET.fromstring(failed_report().to_svg())
    space = "{http://www.w3.org/2000/svg}"
    bars = [bar for bar in svg.iter(f"{space}rect") if bar.get("rx")]
    assert len(bars) == 3
    assert "skipped" in [text.text for text in svg.iter(f"{space}text")]


def test_png_says_what_to_install(monkeypatch):
    """Without CairoSVG a PNG is refused with the line to install it."""
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(ImportError, match=r"pip install"):
        failed_report().to_png()


def test_unfinished():
    """A run that goes on, or never began, has a report and drawings too."""
    report = RunReport(tasks=[TaskReport("a")])
    assert report.duration is None
    ET.fromstring(report.to_svg())
    assert "pending" in report.to_mermaid()


def test_long_reports_are_cut_in_notebooks():
    """A notebook gets the first tasks of a long run, and how many are left out."""
    report = RunReport(tasks=[TaskReport(f"t{n}") for n in range(1000)])
    page = report._repr_html_()
    assert "t199<" in page
    assert "t200<" not in page
    assert "800 more" in page


def test_reports_are_not_imported():
    """A run whose report nobody asks for imports neither reports nor history."""
    found = imported_by(
        "from dotflow import DotFlow, action\n"
        "w = DotFlow(); w.task.add(action(int)); w.start()"
    )
    assert {"dotflow.report", "dotflow.history", "dotflow.abc.history"} & found == set()


def test_times_are_utc():
    """Times in JSON carry their offset."""
    data = failed_report().to_dict()
    assert data["started"].endswith("+00:00")
    assert RunReport.from_dict(data).started.tzinfo is UTC
