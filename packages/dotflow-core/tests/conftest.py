"""What the tests of mapping, of sub-workflows and others share."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from multiprocessing import forkserver

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.log import Log
from dotflow.providers import StorageSQLite

LIMIT = 120.0
MODES = ("sequential", "background", "parallel", "threads", "async")


class Silent(Log):
    """Failures that a test wants are in no log."""

    active = False

    def info(self, **kwargs):
        raise NotImplementedError

    error = warning = info


def pytest_generate_tests(metafunc):
    """Run what is marked `start_methods` under spawn and forkserver in the soak as well."""
    marker = metafunc.definition.get_closest_marker("start_methods")
    if marker is not None and not marker.args:
        metafunc.fixturenames.insert(0, "start_method")
        others = [
            pytest.param(m, marks=pytest.mark.soak) for m in ("spawn", "forkserver")
        ]
        metafunc.parametrize("start_method", ["default", *others], indirect=True)


@pytest.fixture
def start_method(request, monkeypatch):
    """Have processes started as the parameter says, with steps of the test's own."""
    if request.param == "default":
        yield
        return
    cloudpickle = pytest.importorskip("cloudpickle")
    # No process can import what the tests are called.
    where = "dotflow.engine.executors.transport.main_is_importable"
    monkeypatch.setattr(where, lambda: False)
    modules = [m for name, m in tuple(sys.modules.items()) if ".tests." in name]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(request.param, force=True)
    if request.param == "forkserver":  # which stays, and is nothing that a test leaves
        forkserver.ensure_running()
    yield
    multiprocessing.set_start_method(before, force=True)
    for module in modules:
        cloudpickle.unregister_pickle_by_value(module)


@pytest.fixture
def young_heap():
    """Let the collector look at what a test makes alone: all the rest takes it seconds."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def quiet():
    """Make a workflow that logs nothing, of a storage and an id."""

    def make(storage=None, workflow_id=None):
        given = {} if storage is None else {"storage": storage}
        return DotFlow(Config(log=Silent(), **given), workflow_id=workflow_id)

    return make


@pytest.fixture(params=MODES)
def mode(request):
    """Every mode that runs a graph."""
    return request.param


@pytest.fixture
def program(tmp_path):
    """Run a script in a process of its own, in its own folder; return its result."""
    processes = []

    def run(source, *args):
        path = tmp_path / "program.py"
        path.write_text(source, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, str(path), *args],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        out, err = process.communicate(timeout=LIMIT)
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    yield run
    for process in processes:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


@pytest.fixture
def run_script(tmp_path):
    """Run a script in a process of its own, in `tmp_path`."""

    def run(source, *arguments, **environment):
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(source), encoding="utf-8")
        return subprocess.run(
            [sys.executable, str(script), *arguments],
            cwd=tmp_path,
            # Buffered, as by default: else a line and its end are written one by one,
            # and lines of two workers mix.
            env={
                **os.environ,
                "PYTHONIOENCODING": "utf-8",
                "PYTHONUNBUFFERED": "",
                **environment,
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    return run


@pytest.fixture
def run_program(tmp_path):
    """Run a piece of Python in a fresh interpreter, in a folder of its own."""

    def run(code, **environment):
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


class Gauge:
    """Counts how many threads are inside at once, and the most there ever were."""

    def __init__(self):
        self.lock = threading.Lock()
        self.inside = self.most = 0

    def __enter__(self):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *error):
        with self.lock:
            self.inside -= 1


@pytest.fixture
def gauge():
    """What a test's steps enter, to count how many of them run at once."""
    return Gauge()


@pytest.fixture
def report_keys():
    """The keys of a task's report that the reference of 1.x names."""
    return {
        "task_id",
        "workflow_id",
        "status",
        "duration",
        "initial_context",
        "current_context",
        "previous_context",
        "group_name",
        "retry_count",
        "created_at",
        "started_at",
        "finished_at",
        "errors",
        "id",
        "error",
    }


@pytest.fixture
def storage(tmp_path):
    """A storage in a file of its own."""
    storage = StorageSQLite(tmp_path / "runs.db")
    yield storage
    storage.close()


@pytest.fixture
def failing():
    """Make a step for a map that fails for some items: `failing(2, 3, attempts=2)`."""

    def make(*bad, attempts=1):
        @action(retry=attempts, retry_delay=0)
        def step(item):
            if item in bad:
                raise ValueError(f"bad {item}")
            return item

        return step

    return make
