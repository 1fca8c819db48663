"""Workflows to compile, and interpreters of what they are compiled to."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.log import Log
from dotflow.providers import StorageDefault
from dotflow.serving import task_app
from dotflow.workflow.single_task import run_task

RUN = "run-1"


@pytest.fixture(scope="session")
def asl_engine():
    """Give the interpreter of state machines."""
    import asl_engine

    return asl_engine


@pytest.fixture(scope="session")
def google_engine():
    """Give the interpreter of Google Workflows."""
    import google_engine

    return google_engine


@pytest.fixture(scope="session")
def argo_engine():
    """Give the interpreter of Argo Workflows."""
    import argo_engine

    return argo_engine


@pytest.fixture(scope="session")
def github_engine():
    """Give the interpreter of GitHub's jobs."""
    import github_engine

    return github_engine


class Silent(Log):
    """Failures that a test wants are in no log."""

    active = False

    def info(self, **kwargs):
        raise NotImplementedError

    error = warning = info


class Durable(StorageDefault):
    """A memory that all calls of a test share, as processes share a disk."""

    persistent = True


class Model:
    """A workflow whose tasks fail as told, with what came of running it.

    Args:
        tasks: A mapping a task, with `depends_on` (places of earlier tasks, or None),
            `failures` (attempts that fail), `retry`, and `final` (whether `retry_on`
            names another exception).
    """

    def __init__(self, tasks):
        self.tasks = tasks
        self.storage = Durable()
        self.attempts = {}

    def build(self):
        """Return the workflow, as a factory does."""
        config = Config(storage=self.storage, log=Silent())
        flow = DotFlow(config, workflow_id=RUN)
        for place, task in enumerate(self.tasks):
            upstream = task["depends_on"]
            flow.task.add(
                self._step(place, task),
                name=f"Task {place}",
                depends_on=None
                if upstream is None
                else [f"Task {u}" for u in upstream],
                group_name=task.get("group", "default"),
            )
        return flow

    def _step(self, place, task):
        def step(previous_context):
            name = f"Task {place}"
            self.attempts[name] = self.attempts.get(name, 0) + 1
            if self.attempts[name] <= task["failures"]:
                raise ValueError(name)
            return [place, previous_context.storage]

        retry_on = KeyError if task["final"] else Exception
        return action(step, retry=task["retry"], retry_delay=0, retry_on=retry_on)

    def start(self, **options):
        """Run it with `DotFlow.start`; return whether it completed."""
        return self.build().start(max_parallel=1, **options).status == "Completed"

    def values(self):
        """Return the stored results by the names of tasks."""
        found = {
            task.name: self.storage.get(self.storage.key(task))
            for task in self.build().task
        }
        return {name: one.storage for name, one in found.items() if one.task_id}

    def invoke(self, asl_engine):
        """Return what calls the Lambda function."""
        handlers = pytest.importorskip("dotflow_aws.handlers")
        handler = handlers.task_handler(self.build)

        def call(function, payload, seconds):
            try:
                return handler(json.loads(json.dumps(payload)))
            except Exception as error:
                raise asl_engine.StateError(type(error).__name__, str(error)) from error

        return call

    def post(self, google_engine):
        """Return what sends a request to the service."""
        app = task_app(self.build)

        def send(url, body, seconds):
            content = json.dumps(body).encode()
            environ = {
                "REQUEST_METHOD": "POST",
                "CONTENT_LENGTH": str(len(content)),
                "wsgi.input": io.BytesIO(content),
            }
            told = []
            app(environ, lambda status, headers: told.append(status))
            code = int(told[0].split()[0])
            if code != 200:
                raise google_engine.Raised({"code": code})

        return send

    def contain(self, command, seconds):
        """Run a container's command; return its exit code."""
        given = dict(part[2:].partition("=")[::2] for part in command if "=" in part)
        run = run_task(
            self.build(),
            given["task"],
            given["run-id"],
            mode=given.get("mode", "sequential"),
            keep_going="--keep-going" in command,
        )
        if run.status == "Completed":
            return 0
        return 1 if run.retryable else 3


@pytest.fixture(scope="session")
def model():
    """Give the class of workflows whose tasks fail as told."""
    return Model


PROGRAM = """
import os
from pathlib import Path
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

ATTEMPTS = Path(os.environ["ATTEMPTS"])

def tell(name):
    with ATTEMPTS.open("a") as file:
        file.write(name + "\\n")

@action
def extract(initial_context):
    tell("extract")
    given = initial_context.storage
    return given["numbers"] if given else [3, 1, 2]

@action(retry=3, retry_delay=0.01, timeout=60)
def smallest(extract):
    tell("smallest")
    if ATTEMPTS.read_text().split().count("smallest") < 2:
        if Path("crash").exists():
            os._exit(137)
        raise ConnectionError("try again")
    return min(extract)

@action
def double(item):
    tell("double")
    return item * 2

@action(retry=2, retry_delay=0)
def total(double):
    tell("total")
    if Path("broken").exists():
        raise ValueError("it is broken")
    return sum(double)

@action(retry=5, retry_delay=0, retry_on=KeyError)
def load(previous_context):
    tell("load")
    if Path("hopeless").exists():
        raise ValueError("no other attempt can help")
    return previous_context.storage

def build():
    apart = os.environ.get("DOTFLOW_STORAGE")
    config = None if apart else Config(storage=StorageSQLite(os.environ["RESULTS"]))
    flow = DotFlow(config)
    flow.task.add(extract)
    flow.task.add(smallest, depends_on=extract)
    flow.task.add(double, map_over=extract)
    flow.task.add(total, name=TOTAL, depends_on="double")
    flow.task.add(load, depends_on=[smallest, TOTAL])
    return flow

TOTAL = "the total: $(HOME) 'ü' \\""
"""


RANDOM = """
import json, os
from pathlib import Path
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

ATTEMPTS = Path(os.environ["ATTEMPTS"])

def step_of(place, task):
    def step(previous_context):
        with ATTEMPTS.open("a") as file:
            file.write(f"t{place}\\n")
        if ATTEMPTS.read_text().split().count(f"t{place}") <= task["failures"]:
            raise ValueError(place)
        return [place, previous_context.storage]
    retry_on = KeyError if task["final"] else Exception
    return action(step, retry=task["retry"], retry_delay=0, retry_on=retry_on)

def build():
    flow = DotFlow(Config(storage=StorageSQLite(os.environ["RESULTS"])))
    for place, task in enumerate(json.loads(Path("tasks.json").read_text())):
        upstream = task["depends_on"]
        flow.task.add(
            step_of(place, task),
            name=f"t{place}",
            depends_on=None if upstream is None else [f"t{up}" for up in upstream],
        )
    return flow
"""


class Place:
    """A folder with a workflow, and what runs it in processes of their own.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder):
        self.folder = folder
        (folder / "flows.py").write_text(PROGRAM, encoding="utf-8")
        beside = Path(sys.executable).parent
        ours = ("DOTFLOW_", "SERVER_", "WORKFLOW_ID")
        env = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        self.env = env | {
            "PATH": f"{beside}{os.pathsep}{env['PATH']}",
            "PYTHONPATH": str(folder),
            "RESULTS": str(folder / "results.db"),
            "ATTEMPTS": str(folder / "attempts"),
        }

    def put(self, tasks):
        """Have a workflow there whose tasks fail as told, in place of the other."""
        (self.folder / "flows.py").write_text(RANDOM, encoding="utf-8")
        (self.folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")

    def process(self, command, **options):
        """Run a command to its end."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )

    def python(self, source, *arguments, **options):
        """Run a program to its end."""
        command = [sys.executable, "-c", dedent(source), *arguments]
        return self.process(command, **options)

    def plan(self, **options):
        """Return the plan of the workflow."""
        from dotflow_deploy.compile import Plan, Step

        done = self.python(READ, json.dumps(options))
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        steps = [
            Step(**step | {"upstream": tuple(step["upstream"])})
            for step in told.pop("steps")
        ]
        return Plan(**told | {"steps": tuple(steps), "notes": tuple(told["notes"])})

    def results(self, run_id):
        """Return what `start(resume=True)` finds in the storage, by task."""
        done = self.python(FOUND, run_id)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def attempts(self):
        """Return how often each step was attempted."""
        lines = (self.folder / "attempts").read_text().split()
        return {name: lines.count(name) for name in lines}


READ = """
    import dataclasses, json, sys
    from dotflow_deploy.compile import read_plan
    from flows import build
    plan = read_plan(build(), **json.loads(sys.argv[1]))
    print(json.dumps(dataclasses.asdict(plan)))
"""
FOUND = """
    import json, sys
    from dotflow.engine.checkpoint import RunCheckpoints
    from dotflow.engine.modes import find_mode
    from flows import build
    flow = build().configure(workflow_id=sys.argv[1])
    found = RunCheckpoints(flow.config.storage, flow.workflow_id, True)
    found.join(find_mode("sequential", flow.task.queue).compile(flow.task.queue))
    stored = {task.name: found.load(task) for task in flow.task}
    print(json.dumps({n: one.storage for n, one in stored.items() if one is not None}))
"""


@pytest.fixture
def place(tmp_path):
    """Give a place with a workflow."""
    folder = tmp_path / "here"
    folder.mkdir()
    return Place(folder)


@pytest.fixture
def by_start(tmp_path):
    """Give the same workflow in another place, for `dotflow start`."""
    folder = tmp_path / "by-start"
    folder.mkdir()
    return Place(folder)
