"""`progress=True`: a run is shown while it goes on."""

from __future__ import annotations

import asyncio
import re
import sys
import xml.etree.ElementTree as ET
from typing import Any, Self

import pytest

from dotflow import Config, DotFlow, Pipeline, action, display
from dotflow.errors import InvalidTask
from dotflow.providers import LogDefault, NotifyDefault


@action
def load() -> int:
    return 1


@action
def fails() -> None:
    raise OSError("disk full")


def started(config: Config | None = None, **options: Any) -> DotFlow:
    workflow = DotFlow(config)
    workflow.task.add([load, fails])
    workflow.start(**{"progress": True, **options})
    return workflow


def test_lines_where_nothing_can_be_redrawn(capsys: pytest.CaptureFixture[str]) -> None:
    """Each change of a task is a line, and nothing is told twice by a log."""
    started()
    told = re.sub(r"\d+ ms", "… ms", capsys.readouterr().err)
    assert told.splitlines() == [
        "load: started",
        "load: completed in … ms",
        "fails: started",
        "fails: failed in … ms: OSError: disk full",
    ]


def test_the_providers_of_the_user_stay(caplog: pytest.LogCaptureFixture) -> None:
    """Who asked for a log or a notifier keeps it, in the config that was given."""
    told = []

    class Notes(NotifyDefault):
        active = True

        def hook_status_task(self, task: Any) -> None:
            told.append(task.status)

    config = Config(log=LogDefault(), notify=Notes())
    with caplog.at_level("INFO", "dotflow"):
        started(config)
    assert isinstance(config.notify, Notes)
    assert "Failed" in told
    assert "(load) - Completed" in caplog.text


def test_a_display_that_fails_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A display that cannot be shown is warned about, and the run goes on."""

    class Broken(NotifyDefault):
        def __enter__(self) -> Self:
            raise OSError("no terminal")

    monkeypatch.setattr(display, "PlainProgress", Broken)
    assert started().result_storage() == [1, None]
    assert "no terminal" in caplog.text


def test_what_is_no_answer_is_refused() -> None:
    """Whether to show is yes or no; a word would be taken for yes."""
    with pytest.raises(InvalidTask, match="'none'"):
        started(progress="none")


def piped(config: Config | None = None) -> Pipeline:
    pipeline = Pipeline("piped", config=config)

    @pipeline.task()
    def numbers() -> list[int]:
        return [1, 2]

    @pipeline.task()
    async def full(numbers: list[int]) -> None:
        raise OSError("disk full")

    return pipeline


def test_a_pipeline_is_shown_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    """It takes the same option, and tells the same lines."""
    report = piped().run(progress=True)
    assert report["status"] == "FAILED"
    told = re.sub(r"\d+ ms", "… ms", capsys.readouterr().err)
    assert [line for line in told.splitlines() if ": " in line][:4] == [
        "numbers: started",
        "numbers: completed in … ms",
        "full: started",
        "full: failed in … ms: OSError: disk full",
    ]


def test_a_pipeline_without_it_shows_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody is told who has not asked."""
    piped().run(targets=["numbers"])
    assert "numbers" not in capsys.readouterr().err


def test_the_log_of_a_pipeline_is_not_told_twice(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The log that a config has only because it names no other is silent meanwhile."""
    told = []

    class Notes(NotifyDefault):
        active = True

        def hook_status_task(self, task: Any) -> None:
            told.append(task.status)

    config = Config(notify=Notes())
    with caplog.at_level("INFO", "dotflow"):
        asyncio.run(piped(config).arun(targets=["numbers"], progress=True))
    assert "Completed" in told
    assert "numbers: started" in capsys.readouterr().err
    assert not [r for r in caplog.records if r.name == "dotflow"]


def test_a_pipeline_is_awaited() -> None:
    """`await pipeline.arun()` returns the report, where `run` refuses."""

    async def both() -> dict[str, Any]:
        with pytest.raises(RuntimeError, match=r"await pipeline\.arun"):
            piped().run()
        return await piped().arun(targets=["numbers"])

    assert asyncio.run(both())["tasks"]["numbers"]["result"] == [1, 2]


CELL = """
from dotflow import DotFlow, Pipeline, action
@action
def load():
    return 1
workflow = DotFlow(name="<cells>")
workflow.task.add([load, load])
workflow.start(progress=True)
await workflow.astart(progress=True)
pipeline = Pipeline("cells")
pipeline.task("first")(load.func)
pipeline.task("second")(load.func)
await pipeline.arun(progress=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="its kernel wants another loop")
@pytest.mark.filterwarnings("ignore")  # those of the kernel's own packages
def test_a_cell_shows_the_run_that_goes_on() -> None:
    """In a notebook the cell has a table that ends with how the run has ended."""
    pytest.importorskip("ipykernel")
    client_of = pytest.importorskip("jupyter_client.manager").start_new_kernel
    manager, client = client_of(kernel_name="python3")
    try:
        told: list[dict[str, Any]] = []
        reply = client.execute_interactive(CELL, output_hook=told.append, timeout=120)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok", reply
    pages: dict[str, str] = {}
    for message in told:
        if (
            shown := message["content"].get("transient", {}).get("display_id")
        ) is not None:
            pages[shown] = message["content"]["data"]["text/html"]
    assert len(pages) == 3
    for page in pages.values():
        assert page.count("Completed") >= 3
        ET.fromstring(page)
    assert not [m for m in told if m["msg_type"] in ("stream", "error")]
