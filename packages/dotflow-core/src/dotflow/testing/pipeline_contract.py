"""A suite for pipelines in a durable storage: killed, read and resumed elsewhere.

Each run is a Python process of its own, as in `resume_contract`; what is killed leaves
no more behind than the storage has been told.
"""

from __future__ import annotations

import json
import uuid
from tempfile import TemporaryDirectory
from typing import Any

from dotflow.testing.resume_contract import ResumeSuite, ran_in

_PROGRAM = """
import asyncio, json, os, signal, sys
from datetime import date

from dotflow import Pipeline
from dotflow.pipeline import fn_hook
from dotflow.providers.storage_url import storage_from_url

storage = storage_from_url(os.environ["STORAGE_UNDER_TEST"])
name, how, where = sys.argv[1:]


def die(*_):
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def note(text):
    with open("ran", "a") as file:
        print(text, file=file)
    if text == where:
        die()


# The result is stored then, and no status tells of it yet.
def after(event):
    if where == f"after-{event.task_name}":
        die()


pipeline = Pipeline(
    name, storage=storage, max_parallel=1, hooks=[fn_hook(on_task_success=after)]
)


@pipeline.task()
async def extract():
    note("extract")
    return {"day": date(2013, 1, 31), "rows": (1, 2, 3)}


@pipeline.task()
async def nothing(extract):
    note("nothing")


@pipeline.task()
async def rows(extract, nothing):
    note("rows")
    return list(extract["rows"])


@pipeline.task(map="rows")
async def double(item):
    note(f"double-{item}")
    return item * 2


@pipeline.task()
async def load(extract, double):
    note("load")
    assert extract == {"day": date(2013, 1, 31), "rows": (1, 2, 3)}
    return double


former = pipeline.state_store.list_runs(name)
if how == "run":
    run_id = pipeline.run()["run_id"]
elif how == "resume":
    run_id = asyncio.run(pipeline.resume(former[0].run_id))
else:
    run_id = former[0].run_id
report = pipeline.get_run_report(run_id)
del report["tasks"]["extract"]["result"]
print(json.dumps(report))
storage.close()
"""

# In one order, since the program lets one task run at a time.
_ALL = ["extract", "nothing", "rows", "double-1", "double-2", "double-3", "load"]


class PipelineResumeContract(ResumeSuite):
    """Tests of pipelines in a storage with an address, for pytest and unittest.

    Example:
        ```python
        class TestMine(PipelineResumeContract):
            def storage_url(self):
                return "mine://localhost/tests"
        ```
    """

    _program = _PROGRAM

    def test_a_pipeline_killed_in_a_task_is_resumed_elsewhere(self) -> None:
        """Another process runs the task that was interrupted, and no completed one."""
        self._resumed("rows", repeated=["rows"])

    def test_a_pipeline_killed_after_a_task_does_not_repeat_it(self) -> None:
        """A result that is stored counts, though no status has told of it."""
        self._resumed("after-nothing", repeated=[])

    def test_a_pipeline_killed_in_a_map_repeats_no_completed_item(self) -> None:
        """Of a mapped task the item that was interrupted runs again, and no other."""
        self._resumed("double-2", repeated=["double-2"])

    def test_a_killed_pipeline_is_told_of_elsewhere(self) -> None:
        """Another process is told what was done, and what its end has interrupted."""
        name = uuid.uuid4().hex
        with TemporaryDirectory() as folder:
            self._killed(folder, name, "run", "rows")
            report = self._report(folder, name, "report")
        found = {n: (t["status"], t["error"]) for n, t in report["tasks"].items()}
        assert found == {
            "extract": ("SUCCESS", None),
            "nothing": ("SUCCESS", None),
            "rows": ("FAILED", "PROCESS_CRASH"),
            "double": ("SKIPPED", "PROCESS_CRASH"),
            "load": ("SKIPPED", "PROCESS_CRASH"),
        }
        assert report["status"] == "FAILED"
        assert report["finished_at"] is not None

    def test_a_completed_pipeline_is_restored_elsewhere(self) -> None:
        """What is complete is read by another process, and resumed without running."""
        name = uuid.uuid4().hex
        with TemporaryDirectory() as folder:
            first = self._report(folder, name, "run")
            assert self._report(folder, name, "report") == first
            again = self._report(folder, name, "resume")
            assert again["tasks"]["load"]["result"] == [2, 4, 6]
            assert again["run_id"] != first["run_id"]
            assert ran_in(folder) == _ALL

    def _resumed(self, where: str, repeated: list[str]) -> None:
        name = uuid.uuid4().hex
        with TemporaryDirectory() as folder:
            self._killed(folder, name, "run", where)
            report = self._report(folder, name, "resume")
            assert report["status"] == "SUCCESS"
            assert report["tasks"]["load"]["result"] == [2, 4, 6]
            ran = ran_in(folder)
        assert list(dict.fromkeys(ran)) == _ALL, "no task is skipped"
        assert [text for text in _ALL if ran.count(text) > 1] == repeated
        assert len(ran) == len(_ALL) + len(repeated)

    def _report(self, folder: str, name: str, how: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self._completed(folder, name, how, "-"))
        return report
