"""What the tests of mapping, of sub-workflows and others share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from dotflow import Config, DotFlow
from dotflow.abc.log import Log

LIMIT = 120.0
MODES = ("sequential", "background", "parallel", "threads", "async")


class Silent(Log):
    """Failures that a test wants are in no log."""

    active = False

    def info(self, **kwargs):
        raise NotImplementedError

    error = warning = info


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
