"""Passwords that providers were given, in what steps raise: nowhere recorded."""

from __future__ import annotations

import json

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.base.masking import keep_secret, without_secrets
from dotflow.providers import StorageSQLite
from dotflow.testing import RecordingNotify

PASSWORD = "cor/rect-h0rse"
ADDRESS = f"postgresql://shop:{PASSWORD}@db.example.com/shop"
OTHER = "mysql://root:battery@db2.example.com/x"


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    # Without what providers of other tests were given, as a token named "token".
    monkeypatch.setattr("dotflow.base.masking._kept", set())
    keep_secret(ADDRESS)


@action
def numbers():
    return [1]


@action(retry=2, retry_delay=0)
def fail():
    raise ConnectionError(f"cannot log in with {PASSWORD}") from OSError(OTHER)


@action
def fail_item(numbers):
    raise ConnectionError(f"cannot log in with {PASSWORD}") from OSError(OTHER)


@pytest.mark.parametrize("mode", ["sequential", "async", "parallel"])
def test_what_a_step_raises(mode, tmp_path, caplog):
    """A password in a step's own exception is not recorded, logged, told or reported."""
    storage, notify = StorageSQLite(path=tmp_path / "runs.db"), RecordingNotify()
    flow = DotFlow(config=Config(storage=storage, notify=notify))
    flow.task.add(numbers, name="numbers")
    flow.task.add(fail_item, map_over="numbers", name="items")
    flow.task.add(fail, name="alone")
    run = flow.start(mode=mode, keep_going=True)
    report = storage.history.run(run.run_id).to_json()
    everything = "\n".join(
        [
            report,
            run.report().to_json(),
            caplog.text,
            *(repr(task.errors) + task.reason for task in flow.result_task()),
            json.dumps([task.result() for task in flow.result_task()], default=str),
            (tmp_path / "runs.db").read_bytes().decode("latin-1"),
            repr(notify),
        ]
    )
    assert "cannot log in with ***" in report
    assert PASSWORD not in everything
    assert "battery" not in everything
    assert "mysql://root:***@db2.example.com/x" in report


def test_of_a_pipeline(tmp_path):
    """So does a pipeline, whose state and history have the error."""
    pipeline = Pipeline("shop")

    @pipeline.task()
    def load() -> None:
        raise ConnectionError(PASSWORD)

    pipeline.configure(storage=StorageSQLite(path=tmp_path / "runs.db"))
    found = json.dumps(pipeline.run(), default=str)
    assert PASSWORD not in found
    assert "ConnectionError: ***" in found


def test_a_callback(caplog):
    """What a callback raises is warned about without a password."""

    def callback(task):
        raise ValueError(PASSWORD)

    flow = DotFlow()
    flow.task.add(numbers, callback=callback)
    flow.start()
    assert "***" in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com:8080/users?email=bob@example.com",
        "https://example.com/users?email=bob@example.com",
        "bob@example.com: no such user",
        "token=abc is refused",
        "git@github.com:owner/name",
        "ssh://git@github.com/owner/name",
    ],
)
def test_other_texts_stay(text):
    """Of a user's text only passwords are hidden."""
    assert without_secrets(text) == text


def test_names_and_short_words_are_no_secrets():
    """A password that is the user's name, or has less than four characters, stays."""
    keep_secret("postgresql://postgres:postgres@db/x", "redis://:wor@db/0")
    assert without_secrets("postgres has no word") == "postgres has no word"
