from __future__ import annotations

import pickle
import traceback

import pytest
import sentry_sdk

from dotflow.base.masking import without_secrets
from dotflow.errors import ProviderError
from dotflow.testing import FakeTask, LogContract, TracerContract
from dotflow.testing.imports import imported_by
from dotflow_sentry import LogSentry, TracerSentry
from dotflow_sentry.events import told_event

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def no_sdk():
    """Leave the process without an initialised SDK, as it was."""
    yield
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


class TestLog(LogContract):
    secrets = (KEY,)

    @pytest.fixture(autouse=True)
    def dsn(self, endpoint):
        self.to = endpoint.dsn

    def make_log(self):
        return LogSentry(dsn=self.to)


class TestTracer(TracerContract):
    secrets = (KEY,)

    @pytest.fixture(autouse=True)
    def dsn(self, endpoint):
        self.to = endpoint.dsn

    def make_tracer(self):
        return TracerSentry(dsn=self.to)


def test_importing_is_light() -> None:
    """Importing the package does not load the SDK."""
    assert "sentry_sdk" not in imported_by("import dotflow_sentry")


def test_no_dsn_no_sdk() -> None:
    """Without a DSN the SDK is not initialised, and everything works as if it were."""
    log, tracer = LogSentry(), TracerSentry()
    task = FakeTask("Failed")
    tracer.start_workflow(task.workflow_id)
    tracer.start_task(task)
    with pickle.loads(pickle.dumps(tracer.around(task)))():
        log.error(task=task)
    tracer.end_task(task)
    tracer.end_workflow(task.workflow_id, failed=True)
    assert not sentry_sdk.is_initialized()


def test_first_wins(endpoint) -> None:
    """An SDK that is initialised already keeps its settings."""
    sentry_sdk.init(dsn=endpoint.dsn, environment="the application's")
    client = sentry_sdk.get_client()
    LogSentry(dsn=endpoint.dsn, environment="another")
    assert sentry_sdk.get_client() is client


@pytest.mark.parametrize("kind", [LogSentry, TracerSentry])
def test_bad_dsn(kind) -> None:
    """A wrong DSN is an error that does not show it."""
    with pytest.raises(ProviderError) as caught:
        kind(dsn=f"ftp://{KEY}@example.org/1")
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert kind.__name__ in shown


@pytest.mark.parametrize("whose", ["ours", "the application's"])
def test_the_key_is_hidden(whose, endpoint, monkeypatch) -> None:
    """What a step raises or prints shows no key of the DSN, whoever has given it."""
    monkeypatch.setattr("dotflow.base.masking._kept", set())
    if whose == "ours":
        TracerSentry(dsn=endpoint.dsn)
    else:
        sentry_sdk.init(dsn=endpoint.dsn)
        LogSentry()
    assert without_secrets(f"refused: {KEY}") == "refused: ***"


def test_nothing_is_left_behind() -> None:
    """A tracer that has served a run holds on to none of its tasks."""
    from dotflow_sentry import spans

    tracer = TracerSentry()
    task = FakeTask()
    tracer.start_workflow(task.workflow_id)
    tracer.start_task(task)
    tracer.end_task(task)
    tracer.end_workflow(task.workflow_id)
    assert not spans._spans
    assert not tracer._runs
    assert not tracer._by_task


def test_frames_of_a_text() -> None:
    """The frames of an event are those of the last exception of a traceback's text."""

    def fail():
        raise KeyError("first")

    try:
        try:
            fail()
        except KeyError as error:
            raise ValueError("second") from error
    except ValueError as error:
        text = "".join(traceback.format_exception(error))
    [value] = told_event("ValueError", "second", text)["exception"]["values"]
    [frame] = value["stacktrace"]["frames"]
    assert frame["function"] == "test_frames_of_a_text"
    assert frame["context_line"] == 'raise ValueError("second") from error'


def test_no_text() -> None:
    """An error without a traceback is an event all the same."""
    event = told_event("WorkerDied", "killed", "")
    assert event["exception"]["values"][0]["type"] == "WorkerDied"
    assert "extra" not in event
