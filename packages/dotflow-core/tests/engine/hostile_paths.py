"""Sends values that nobody may look at through every public path, and prints problems.

    python hostile_paths.py PATH [VALUE …]

A path is a mode of `start`, a storage, or `pipeline` with or without a storage. A problem
is anything but a `DotflowError` before a run, a task that did not end, and a task beside
that did not complete. Each is one line of JSON.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

from hostile_values import VALUES

from dotflow import Config, DotFlow, Pipeline, RunContext, action
from dotflow.abc.storage import Storage
from dotflow.errors import DotflowError
from dotflow.model.context import Context
from dotflow.providers import LogDefault, StorageDefault, StorageFile, StorageSQLite
from dotflow.testing import RecordingNotify


class Copying(Storage):
    """A storage of a user's own, which copies what it is given."""

    def __init__(self):
        self._kept = {}

    def post(self, key, context, ttl=None, fingerprint=None):
        self._kept[key] = copy.deepcopy(context)

    def get(self, key):
        return copy.deepcopy(self._kept.get(key, Context()))

    def key(self, task):
        return task.checkpoint_key


MODES = ("sequential", "background", "threads", "async", "parallel")
STORAGES = {
    "memory": lambda folder: StorageDefault(),
    "json": lambda folder: StorageFile(path=f"{folder}/json", codec="json"),
    "pickle": lambda folder: StorageFile(path=f"{folder}/pickle", codec="pickle"),
    "own": lambda folder: Copying(),
    "sqlite": lambda folder: StorageSQLite(f"{folder}/kept.db"),
}
PATHS = (
    *MODES,
    *(name for name in STORAGES if name != "memory"),
    *(f"pipeline {name}" for name in STORAGES if name != "own"),
    *("processes memory", "processes sqlite"),
)
ENDED = ("Completed", "Failed", "Skipped")


def told(error):
    frames = traceback.extract_tb(
        BaseException.__dict__["__traceback__"].__get__(error)
    )
    name = type.__dict__["__name__"].__get__(type(error))
    return name + "".join(f" {Path(f.filename).name}:{f.lineno}" for f in frames)


def problem(*what):
    os.write(1, f"{json.dumps(what)}\n".encode())


def attempt(what, call, refusal=True):
    """Call what may be refused by name, and may not fail in any other way."""
    try:
        return call()
    except BaseException as error:
        if not (refusal and issubclass(type(error), DotflowError)):
            problem(what, told(error))
        return None


class Text(RecordingNotify):
    """Tells what messengers tell of a task."""

    def hook_status_task(self, task):
        from dotflow.delivery.text import error_text, result_text

        error_text(task, 100), result_text(task, 100)


def build(make, storage):
    @action
    def give():
        return make()

    @action
    def take(give):
        return 1

    @action
    def passes(previous_context):
        return make()

    @action
    async def given(initial_context):
        return make()

    @action(retry=2, retry_delay=0)
    def raising():
        raise ValueError(make())

    class Steps:
        @action
        def one(self):
            return make()

        @action
        def two(self, previous_context):
            return make()

    @action
    def nested():
        flow = DotFlow()
        flow.task.add(give)
        flow.start()
        return flow.result_storage()[0]

    log = LogDefault(level="DEBUG", format="json", output="file", path=os.devnull)
    config = Config(storage=storage, log=log, notify=Text())
    flow = DotFlow(config, workflow_id="shop")
    inner = DotFlow()
    inner.task.add(give)
    add = flow.task.add
    add(give, depends_on=[], callback=lambda task: None)
    add(take, depends_on=[give])
    add(passes, depends_on=[give])
    add(given, depends_on=[], initial_context=make())
    add(raising, depends_on=[])
    add(action(Steps), depends_on=[])
    add(nested, depends_on=[])
    add(inner, name="inner", depends_on=[])
    add(action(lambda: [make(), make()]), name="many", depends_on=[])
    add(action(lambda item: make()), name="items", map_over="many")
    add(action(lambda item: 1), name="over", map_over="give")
    cached = action(cache=True)
    add(cached(lambda: make()), name="cached", depends_on=[])
    add(cached(lambda give: 1), name="of", depends_on=["give"])
    keyed = action(cache=True, cache_key=lambda **_: make())
    add(keyed(lambda: 1), name="keyed", depends_on=[])
    add(action(lambda: 1), name="beside", depends_on=[])
    return flow


def looks(flow, run):
    """Look at all that is told of a run."""
    yield "report", lambda: run.report(include_results=True).to_json()
    yield "graph", lambda: (run.report().to_mermaid(), run.report().to_svg())
    yield "results", lambda: (flow.result(), flow.result_context(), repr(flow))
    for task in flow.result_task():
        yield "task", lambda task=task: json.dumps((task.result(), task.result(500)))
        yield (
            "repr",
            lambda task=task: repr(
                (task, task.current_context, task.previous_context, task.errors)
            ),
        )


def through_modes(name, make, mode, storage):
    flow = attempt(f"{name}: adding", lambda: build(make, storage))
    if flow is None:
        return
    for resume in (False, True):

        def start(resume=resume):
            run = flow.start(mode=mode, keep_going=True, resume=resume)
            run.wait()
            return run

        run = attempt(f"{name}: start, resume={resume}", start, refusal=resume)
        if run is None:
            continue
        for task in flow.result_task():
            beside = task.name == "beside" and task.status != "Completed"
            if task.status not in ENDED or beside:
                problem(f"{name}: {task.name} is {task.status}", task.reason)
        for what, look in looks(flow, run):
            attempt(f"{name}: {what}", look, refusal=False)


def through_pipelines(name, make, storage, process):
    pipeline = Pipeline("shop", storage=storage)
    task = pipeline.task
    task("give", process=process)(lambda: make())
    task("take", process=process)(lambda give: 1)
    task("up", deps=["give"])(lambda upstream: 1)
    task("many")(lambda: [make(), make()])
    task("items", map="many")(lambda item: make())
    task("cached", cache=True)(lambda give: make())
    task("beside")(lambda: 1)

    @pipeline.task(retries=1, retry_delay=0)
    def raising():
        raise ValueError(make())

    @pipeline.task()
    async def shared(context: RunContext):
        return context.deps

    for context in (RunContext(make()), RunContext(1, {"a": make()})):
        report = attempt(f"{name}: run", lambda context=context: pipeline.run(context))
        if report is None:
            continue
        if report["tasks"]["beside"]["status"] != "SUCCESS":
            problem(f"{name}: beside", report["tasks"]["beside"]["error"])
        attempt(
            f"{name}: resume",
            lambda report=report, context=context: pipeline.get_run_report(
                asyncio.run(pipeline.resume(report["run_id"], context=context))
            ),
        )


def main(path, *names):
    kind, _, kept = path.partition(" ")
    for name in names or VALUES:
        with tempfile.TemporaryDirectory() as folder:
            storage = STORAGES.get(kept or kind, STORAGES["memory"])(folder)
            make = VALUES[name]
            if kept:
                through_pipelines(name, make, storage, kind == "processes")
            else:
                mode = kind if kind in MODES else "sequential"
                through_modes(name, make, mode, storage)
    os.write(1, b'"done"\n')
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
