"""What a history tells of a run itself, and of what its attempts were given and left."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.base.starting import started_by
from dotflow.engine.control import CancelRequests
from dotflow.engine.identity import commit_of
from dotflow.errors import InvalidTask
from dotflow.history.parquet import read_parquet, write_parquet
from dotflow.history.transfer import all_runs, read_lines, written
from dotflow.providers import StorageFile, StorageSQLite
from dotflow.serving import run as serve
from dotflow.types import StartedBy


@action
def rows():
    return {"rows": 3, "password": "hunter2"}


@action
def count(previous_context, initial_context):
    return previous_context.storage["rows"]


@action
def get_token():
    return "hunter2"


@action
def use(previous_context):
    return len(previous_context.storage)


@action
def start_another(initial_context):
    other = DotFlow(Config(storage=StorageSQLite(initial_context.storage)))
    other.task.add(action(lambda: 1), name="one")
    return other.start().run_id


def test_identity(storage, monkeypatch, tmp_path):
    """A run knows its workflow, its script, its place, its process, and its versions."""
    monkeypatch.chdir(tmp_path)
    workflow = DotFlow(Config(storage=storage), name="Orders")
    workflow.task.add(rows)
    manager = workflow.start(tags=["b", "a", "b"])
    [run] = storage.history.runs()
    told = run.identity
    assert told == manager.report().identity == storage.history.run(run.run_id).identity
    assert (told.workflow, run.workflow) == ("Orders", "Orders")
    assert (told.started_by, told.parent, told.retry_of) == ("script", None, None)
    assert told.tags == ("b", "a")
    assert told.cwd == str(tmp_path)
    assert (told.host, told.pid) == (run.host, run.pid)
    assert told.python == ".".join(map(str, sys.version_info[:3]))
    assert all((told.user, told.dotflow, told.command))
    with pytest.raises(InvalidTask, match="tags="):
        workflow.start(tags=[1])


@pytest.mark.parametrize("mode", ["sequential", "threads", "parallel"])
def test_a_run_of_a_step(storage, mode):
    """A run that a step starts knows the run that the step is of, in any mode."""
    workflow = DotFlow(Config(storage=storage), workflow_id="outer")
    workflow.task.add(start_another, initial_context=str(storage.path))
    outer = workflow.start(mode=mode).run_id
    [inner] = storage.history.runs(parent=outer)
    assert inner.run_id == workflow.task.queue[0].current_context.storage
    assert inner.identity.started_by == "workflow"
    assert storage.history.run(outer).identity.parent is None


def test_a_run_of_a_pipeline(storage):
    """So does one that a task of a Pipeline starts, and it is one of a name itself."""
    pipeline = Pipeline("etl", storage=storage)

    @pipeline.task()
    def inner() -> str:
        other = DotFlow(Config(storage=StorageSQLite(storage.path)))
        other.task.add(rows)
        return other.start().run_id

    found = pipeline.run()
    [run] = storage.history.runs(parent=found["run_id"])
    assert run.run_id == found["tasks"]["inner"]["result"]
    assert [one.workflow for one in storage.history.runs(workflow="etl")] == ["etl"]


def test_who_starts(storage):
    """What starts runs for the user says so: a command, an event, a retry."""

    def build():
        workflow = DotFlow(Config(storage=storage))
        workflow.task.add(rows)
        return workflow

    with started_by(StartedBy.COMMAND, workflow="shop:build", params={"api_key": "x"}):
        build().start()
    serve(build)
    handled, commanded = storage.history.runs()
    assert commanded.workflow == "shop:build"
    assert commanded.identity.params == {"api_key": "***"}
    assert handled.identity.started_by == "handler"
    assert handled.workflow.endswith("build")


def test_previews(storage):
    """Of each attempt a text tells what it was given and left, without secrets."""
    workflow = DotFlow(Config(storage=storage))
    workflow.task.add(rows).add(count, initial_context=[1, 2]).add(get_token).add(use)
    run_id = workflow.start().run_id
    report = storage.history.run(run_id)
    assert report["rows"].result.preview == "{'rows': 3, 'password': ***}"
    [attempt] = report["count"].attempts
    assert attempt.input == "{'rows': 3, 'password': ***}"
    assert attempt.initial == "[1, 2]"
    assert report["count"].result.preview == "3"
    assert report["get_token"].result.preview == "***"
    assert report["use"].attempts[0].input == "***"
    text = "".join(str(event.detail) for event in storage.history.events(run_id))
    assert "hunter2" not in text


def test_a_preview_of_what_a_callback_has_changed(storage):
    """The input of an attempt is shown as it was given, not as it was left before."""
    workflow = DotFlow(Config(storage=storage))

    def add_row(task):
        task.current_context.storage["rows"] += 1

    workflow.task.add(rows, callback=add_row).add(count)
    report = storage.history.run(workflow.start().run_id)
    assert report["rows"].result.preview == "{'rows': 3, 'password': ***}"
    assert report["count"].attempts[0].input == "{'rows': 4, 'password': ***}"


def test_no_previews(storage):
    """With Config(previews=False) no value is looked at."""
    workflow = DotFlow(Config(storage=storage, previews=False))
    workflow.task.add(rows).add(count, initial_context=[1, 2])
    report = storage.history.run(workflow.start().run_id)
    assert report["rows"].result.preview is None
    assert report["count"].attempts[0].input is None


def test_cancel_by_run_id(storage):
    """A run of a random workflow id ends when another process asks for it by its id."""
    begun = threading.Event()

    @action
    def wait():
        begun.set()
        threading.Event().wait(60)

    workflow = DotFlow(Config(storage=storage))
    workflow.task.add(wait)

    def ask():
        begun.wait()
        other = StorageSQLite(storage.path)
        [run] = other.history.runs("In progress")
        CancelRequests(other, run.run_id).post("enough")
        other.close()

    asking = threading.Thread(target=ask)
    asking.start()
    manager = workflow.start(mode="sequential")
    asking.join()
    assert manager.status == "Cancelled"
    assert "enough" in workflow.task.queue[0].reason
    assert storage.list_keys(manager.run_id) == []


def test_commit(tmp_path):
    """The commit of a work tree is read without git: loose, packed, detached, linked."""

    def git(*words, cwd=tmp_path):
        names = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        done = subprocess.run(
            ["git", *names, *words], cwd=cwd, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    inner = tmp_path / "tree" / "inner"
    inner.mkdir(parents=True)
    tree = inner.parent
    assert commit_of(str(inner)) is None
    git("init", "-q", cwd=tree)
    commit_of.cache_clear()
    assert commit_of(str(inner)) is None
    git("commit", "-q", "--allow-empty", "-m", "one", cwd=tree)
    head = git("rev-parse", "HEAD", cwd=tree)
    git("worktree", "add", "-q", "-b", "side", "../side", cwd=tree)
    for change in ([], ["pack-refs", "--all"], ["checkout", "-q", "--detach"]):
        if change:
            git(*change, cwd=tree)
        commit_of.cache_clear()
        assert commit_of(str(inner)) == commit_of(str(tmp_path / "side")) == head


def make_runs(storage):
    """Make a run that completed, a map with a failed item, and a tagged one."""
    for tags in ((), ("nightly",)):
        workflow = DotFlow(Config(storage=storage), workflow_id="etl")
        workflow.task.add(action(lambda: [1, 2]), name="numbers")
        workflow.task.add(
            action(lambda item: 1 // (item - 1)), name="parts", map_over="numbers"
        )
        workflow.start(tags=tags)
    workflow = DotFlow(Config(storage=storage), workflow_id="ok")
    workflow.task.add(rows)
    workflow.start()


def told(history):
    """Return all that a history tells."""
    runs = history.runs(limit=None)
    return [
        (run, history.run(run.run_id).to_dict(), history.events(run.run_id))
        for run in runs
    ]


def test_between_stores(storage, tmp_path):
    """Runs go from a database to files and back, and tell the same everywhere."""
    make_runs(storage)
    expected = told(storage.history)
    files = StorageFile(path=tmp_path / "files")
    back = StorageSQLite(tmp_path / "back.db")
    for source, target in ((storage, files), (files, back)):
        into = written(target.history)
        runs = list(all_runs(source.history))
        assert [into.restore(run) for run in runs] == [True] * 3
        assert [into.restore(run) for run in runs] == [False] * 3
        assert told(target.history) == expected
        assert len(target.history.runs(error="ZeroDivisionError")) == 2
        assert len(target.history.runs(tags="nightly")) == 1
    groups = [group.count for group in back.history.failures()]
    assert groups == [2]
    lines = [run.to_json() for run in all_runs(back.history)]
    assert [run.to_json() for run in read_lines(lines, "x")] == lines
    back.close()
    files.close()


def test_parquet(storage, tmp_path):
    """Runs go through parquet files unchanged."""
    pytest.importorskip("pyarrow")
    make_runs(storage)
    expected = [run.to_json() for run in all_runs(storage.history)]
    assert write_parquet(all_runs(storage.history), tmp_path / "out") == 3
    assert [run.to_json() for run in read_parquet(tmp_path / "out")] == expected
