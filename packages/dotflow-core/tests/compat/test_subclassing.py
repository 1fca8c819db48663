"""What users of dotflow 1.x derive from, derived from as they do."""

from __future__ import annotations

import asyncio
import json
import logging
from uuid import uuid4

import pytest
from former_logs import Mine, broken, one, run, tasks_of

from dotflow import Config
from dotflow.abc.flow import Flow
from dotflow.abc.http import HTTPRequest
from dotflow.abc.log import Log, LogRecord, LogRecordError
from dotflow.abc.tcp import TCPClient, TCPServer
from dotflow.core.engine import TaskEngine
from dotflow.core.exception import NotCallableObject
from dotflow.core.workflow import Parallel, Sequential, grouper

# Log


def test_a_log_by_attributes_tells_the_changes_of_tasks():
    """`_logger`, `_level` and `_format` are enough: each change is a line at its level."""
    mine = Mine()
    run(mine, one, broken)
    assert [
        (level, text.splitlines()[0].rpartition(" - ")[2].strip())
        for level, text in mine.lines
    ] == [
        ("INFO", "Not started"),
        ("INFO", "Not started"),
        ("INFO", "In progress"),
        ("INFO", "Completed"),
        ("INFO", "In progress"),
        ("WARNING", "Retry"),
        ("ERROR", "Failed"),
    ]


def test_a_failed_task_is_logged_with_its_traceback():
    """The line of level ERROR has the traceback of the last error behind it."""
    mine = Mine()
    run(mine, broken)
    assert "ValueError: b" in mine.lines[-1][1]


@pytest.mark.parametrize(
    ("level", "count"), [(logging.DEBUG, 5), (logging.WARNING, 2), (logging.ERROR, 1)]
)
def test_the_level_of_a_log_by_attributes_holds(level, count):
    """Lines below `_level` are not written."""
    mine = Mine(level)
    run(mine, broken)
    mine.debug(a=1) if level == logging.DEBUG else None
    assert len(mine.lines) == count


def test_a_log_by_attributes_writes_json():
    """`_format = "json"` makes each line an object with the fields of `LogRecord`."""
    mine = Mine(format="json")
    run(mine, broken)
    last = json.loads(mine.lines[-1][1])
    assert last["level"] == "ERROR"
    assert last["status"] == "Failed"
    assert last["retry_count"] == 1
    assert last["error"] == {"exception": "ValueError", "message": "b"}
    assert "error" not in json.loads(mine.lines[0][1])


@pytest.mark.parametrize("method", ["info", "warning", "error"])
def test_values_without_a_task_are_logged(method):
    """`log.info(a=1)` logs the values."""
    mine = Mine()
    getattr(mine, method)(a=1)
    assert mine.lines == [(method.upper(), "{'a': 1}")]


def test_a_percent_sign_in_a_text_is_a_text():
    """What is logged is no format for more."""
    mine = Mine()
    mine.info(a="100% s")
    assert "100% s" in mine.lines[0][1]


def test_a_log_of_two_methods_gets_the_other_two():
    """With `info` and `error` alone, warnings and details come to `info`."""
    told = []

    class Two(Log):
        def info(self, **kwargs):
            told.append(("info", *kwargs))

        def error(self, **kwargs):
            told.append(("error", *kwargs))

    two = Two()
    Config(log=two)
    two.warning(a=1)
    two.debug(b=1)
    two.error(c=1)
    assert told == [("info", "a"), ("info", "b"), ("error", "c")]


def test_a_log_that_can_log_nothing_is_refused_with_the_remedy():
    """Without the methods and without `_logger`, `Config` says what to define."""

    class Nothing(Log):
        pass

    with pytest.raises(NotCallableObject, match="Nothing has to define info"):
        Config(log=Nothing())


def test_a_log_by_attributes_beside_another():
    """Several logs each get every line."""
    first, second = Mine(), Mine(format="json")
    run([first, second], one)
    assert len(first.lines) == len(second.lines) == 3


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("timestamp", ""),
        ("level", ""),
        ("workflow_id", ""),
        ("task_id", ""),
        ("status", ""),
        ("duration", None),
        ("retry_count", None),
        ("error", None),
    ],
)
def test_fields_of_a_record_have_defaults(field, expected):
    """`LogRecord()` can be made of what is known."""
    assert getattr(LogRecord(), field) == expected


def test_an_error_of_a_record_has_defaults():
    """`LogRecordError()` can be made of what is known."""
    assert LogRecordError().to_dict() == {"exception": "", "message": ""}


def test_a_record_tells_what_is_known_only():
    """Its dictionary has no entry for what was not given."""
    assert LogRecord(workflow_id="w").to_dict() == {"workflow_id": "w"}


# Flow


class Backwards(Flow):
    def setup_queue(self):
        self.queue = []
        self.calls = ["setup_queue"]

    def run(self):
        self.calls.append("run")
        previous = None
        for task in reversed(self.tasks):
            with TaskEngine(task, self.workflow_id, previous).start() as engine:
                engine.execute()
            previous = task.current_context
            self._flow_callback(task)


def test_a_mode_of_the_users_own_runs_when_it_is_made():
    """`setup_queue` and `run` are called, and `get_tasks` tells what has run."""
    mode = Backwards(tasks_of("a", "b"), str(uuid4()), ignore=False, groups={})
    assert mode.calls == ["setup_queue", "run"]
    assert [task.task_id for task in mode.get_tasks()] == ["b", "a"]
    assert {task.status for task in mode.tasks} == {"Completed"}


@pytest.mark.parametrize("name", ["tasks", "workflow_id", "ignore", "groups", "resume"])
def test_a_mode_of_the_users_own_finds_what_it_was_given(name):
    """The arguments are attributes before `run` is called."""
    seen = {}

    class Looking(Flow):
        def run(self):
            seen.update(vars(self))

    Looking([], "w", True, {"default": []}, True)
    expected = {
        "tasks": [],
        "workflow_id": "w",
        "ignore": True,
        "groups": {"default": []},
        "resume": True,
    }
    assert seen[name] == expected[name]


def test_the_built_in_modes_are_flows():
    """`Sequential(tasks, id, ignore, groups)` runs the tasks, and keeps its arguments."""
    tasks = tasks_of("a", "b")
    mode = Sequential(
        tasks, "7e57ab1e-0000-4000-8000-000000000006", False, grouper(tasks)
    )
    assert isinstance(mode, Flow)
    assert [t.current_context.storage for t in mode.get_tasks()] == [1, 1]
    assert list(mode.groups) == ["default"]
    assert issubclass(Parallel, Flow)


def test_ignore_goes_on_after_a_failure():
    """`ignore=True` of a mode runs what follows a failed task."""
    tasks = [*tasks_of("a", step=broken), *tasks_of("b")]
    assert [t.status for t in Sequential(tasks, None, True, {}).tasks] == [
        "Failed",
        "Completed",
    ]


# TCP, HTTP


class Client(TCPClient):
    def sender(self, content):
        return content


class Receiver(TCPServer):
    async def receiver(self):
        return self.handler("got")

    async def run(self):
        return await self.receiver()


def test_the_ends_of_a_connection_take_the_url():
    """A client has `url`; a server `url` and `handler`."""
    client, server = Client("tcp://a:1"), Receiver("tcp://b:2", handler=str.upper)
    assert (client.url, server.url) == ("tcp://a:1", "tcp://b:2")
    assert client.sender({"a": 1}) == {"a": 1}
    assert asyncio.run(server.run()) == "GOT"


@pytest.mark.parametrize(
    ("base", "arguments"), [(TCPClient, ("u",)), (TCPServer, ("u", print))]
)
def test_the_bases_of_ends_are_abstract(base, arguments):
    """Without its methods an end cannot be made."""
    with pytest.raises(TypeError, match="abstract"):
        base(*arguments)


def test_a_request_takes_a_url_and_a_context():
    """A subclass of `HTTPRequest` is made with both, as in 1.x."""

    class Get(HTTPRequest):
        def request(self, method, body, params, headers):
            return self.context(self.url)

    assert Get(url="http://a", context=len).request("GET", {}, {}, {}) == 8
