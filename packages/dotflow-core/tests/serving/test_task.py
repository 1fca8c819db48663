"""`run_task_event` and `task_app`: one task a message, one task a request."""

from __future__ import annotations

import io
import json

import pytest

from dotflow import DotFlow, action
from dotflow.errors import ConfigError, InvalidWorkflowFactory
from dotflow.providers import StorageFile
from dotflow.serving import TaskFailed, TaskFailedForGood, run_task_event, task_app


@action
def double(initial_context):
    return initial_context.storage["number"] * 2


@action(retry_on=KeyError)
def fail(previous_context):
    raise (KeyError if previous_context.storage == 2 else ValueError)("no luck")


@action
def leave():
    raise SystemExit(0)


@pytest.fixture
def factory(quiet, tmp_path):
    """Give a function that returns the workflow."""

    def build():
        flow = quiet(StorageFile(path=str(tmp_path)))
        flow.task.add(double)
        flow.task.add(fail, depends_on=double)
        flow.task.add(leave, depends_on=[])
        return flow

    return build


@pytest.fixture
def post(factory):
    """Send a body to the application; return the code and the answer."""
    app = task_app(factory)

    def send(body, method="POST", path="/"):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content),
        }
        answer = app(environ, lambda status, headers: told.append(status))
        return int(told[0][:3]), json.loads(b"".join(answer))

    return send


def event(task, run="r1", **more):
    return {"task": task, "run": run, **more}


def test_task_is_run_with_the_input_of_its_run(factory):
    """The input is what the factory's workflow begins with, and the answer is short."""
    told = run_task_event(factory, event("double", input={"number": 21}))
    assert told == {"task": "double", "run": "r1", "status": "Completed"}
    flow = factory().configure(workflow_id="r1")
    assert flow.config.storage.get(flow.config.storage.key(flow.task[0])).storage == 42


def test_failures_say_whether_another_attempt_can_help(factory):
    """`TaskFailed` is worth another attempt, `TaskFailedForGood` is not."""
    run_task_event(factory, event("double", "one", input={"number": 1}))
    with pytest.raises(TaskFailed, match="no luck"):
        run_task_event(factory, event("fail", "one"))
    run_task_event(factory, event("double", "three", input={"number": 3}))
    with pytest.raises(TaskFailedForGood, match="no luck"):
        run_task_event(factory, event("fail", "three"))
    with pytest.raises(TaskFailedForGood, match="UpstreamNotCompleted"):
        run_task_event(factory, event("fail", "four"))
    with pytest.raises(TaskFailedForGood, match="SystemExit"):
        run_task_event(factory, event("leave"))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"task": "double"},
        {"task": 1, "run": "r1"},
        {"task": "double", "run": None},
        {"task": "double", "run": "r1", "keep_going": "yes"},
        {"task": "double", "run": "r1", "mode": 1},
        {"task": "double", "run": "r1", "Task": "double"},
    ],
)
def test_malformed_event_runs_nothing(wrong, factory, post):
    """What is no event is refused, by the function and by the application."""
    with pytest.raises(TaskFailedForGood, match="An event has to be"):
        run_task_event(factory, wrong)
    assert post(wrong)[0] == 400


def test_application_answers_as_a_caller_can_act_on(post, caplog):
    """200 is done, 500 may be tried again, 422 may not; the log tells what failed."""
    assert post(event("double", "one", input={"number": 1})) == (
        200,
        {"task": "double", "run": "one", "status": "Completed"},
    )
    assert post(event("fail", "one"))[0] == 500
    assert post(event("double", "three", input={"number": 3}))[0] == 200
    assert post(event("fail", "three")) == (422, {"message": "The task has failed."})
    assert "no luck" in caplog.text
    assert post(event("nowhere"))[0] == 422
    assert post(b"{")[0] == 400
    assert post(b"", "GET", "/healthz")[0] == 200
    assert post(b"", "GET")[0] == 405


def test_application_is_refused_what_it_could_not_serve(factory):
    """A workflow that was made already, and an empty token, are found at the start."""
    with pytest.raises(InvalidWorkflowFactory):
        task_app(DotFlow())
    with pytest.raises(ConfigError):
        task_app(factory, token=" ")


def test_pipeline_is_run_task_by_task(tmp_path, monkeypatch):
    """The tasks of a `Pipeline` are those of the workflow that it is the one part of."""
    from dotflow import Pipeline

    monkeypatch.setenv("DOTFLOW_STORAGE", f"file:{tmp_path}")
    pipeline = Pipeline("etl")

    @pipeline.task()
    def rows() -> list[int]:
        return [1, 2]

    @pipeline.task()
    def total(rows: list[int]) -> int:
        return sum(rows)

    for name in ("etl/rows", "etl/total", "etl"):
        assert run_task_event(pipeline, event(name))["status"] == "Completed"
