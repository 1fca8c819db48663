"""`LogDefault`: what it writes, where, and what it leaves to the application."""

from __future__ import annotations

import gc
import io
import json
import logging
import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest

from dotflow.abc.log import LEVELS, Log, LogRecord, LogRecordError
from dotflow.errors import ProviderError
from dotflow.providers.log_default import LogDefault
from dotflow.testing.tasks import FakeTask
from dotflow.testing.threads import at_once

pytestmark = pytest.mark.usefixtures("young_heap")

if TYPE_CHECKING:
    from pathlib import Path

PRELUDE = """
from dotflow.providers.log_default import LogDefault
from dotflow.testing.tasks import FakeTask
"""


@pytest.fixture
def heard() -> io.StringIO:
    """What an application that set up the logger "dotflow" for itself gets to see."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("app: %(levelname)s %(message)s"))
    logger = logging.getLogger("dotflow")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    return stream


class Untouchable:
    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"{name} was read")


def test_prints_to_stderr_when_nothing_is_configured(run_program: Any) -> None:
    """A script that set up no logging sees each status on standard error."""
    ran = run_program(PRELUDE + "LogDefault().info(task=FakeTask())")
    assert ran.stdout == ""
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - INFO \[dotflow\]:"
        r" ID contract-workflow - 01HZX3M4T5V6W7X8Y9ZABCDEFG \(extract\) - Completed\n",
        ran.stderr,
    )


def test_default_level_is_info(run_program: Any) -> None:
    """Details are not printed unless they are asked for."""
    ran = run_program(PRELUDE + "LogDefault().debug(task=FakeTask())")
    assert ran.stderr == ""


def test_a_null_handler_silences_the_console(run_program: Any) -> None:
    """The usual way to silence a library's logger works."""
    ran = run_program(
        PRELUDE
        + """
import logging
logging.getLogger("dotflow").addHandler(logging.NullHandler())
LogDefault().error(task=FakeTask("Failed"))
logging.getLogger("dotflow").propagate = False
LogDefault().error(task=FakeTask("Failed"))
"""
    )
    assert (ran.stdout, ran.stderr) == ("", "")


def test_an_application_with_handlers_gets_each_line_once(run_program: Any) -> None:
    """With `basicConfig` a line goes through it, and nowhere else."""
    ran = run_program(
        PRELUDE
        + """
import logging, sys
logging.basicConfig(level="INFO", format="app %(name)s %(task_id)s", stream=sys.stdout)
for log in (LogDefault(), LogDefault()):
    log.info(task=FakeTask(task_id="one"))
"""
    )
    assert ran.stdout == "app dotflow one\n" * 2
    assert ran.stderr == ""


def test_the_level_of_the_application_counts(run_program: Any) -> None:
    """An application that shows warnings alone is not shown every status."""
    ran = run_program(
        PRELUDE
        + """
import logging
logging.basicConfig(level="WARNING", format="%(levelname)s")
LogDefault().info(task=FakeTask())
LogDefault().warning(task=FakeTask("Retry"))
"""
    )
    assert ran.stderr == "WARNING\n"


@pytest.mark.parametrize(
    "setup",
    [
        "logging.disable()",
        "logging.getLogger('dotflow').setLevel('CRITICAL')",
        "logging.getLogger('dotflow').disabled = True",
    ],
)
def test_switches_of_the_application_count(run_program: Any, setup: str) -> None:
    """Logging that is switched off is off, whether or not there are handlers."""
    ran = run_program(
        PRELUDE
        + f"""
import logging
{setup}
LogDefault().error(task=FakeTask("Failed"))
logging.basicConfig()
LogDefault().error(task=FakeTask("Failed"))
"""
    )
    assert ran.stderr == ""


def test_nobody_listening_costs_no_message(heard: io.StringIO) -> None:
    """While nobody listens, the task is not even looked at."""
    logger = logging.getLogger("dotflow")
    logger.handlers = [logging.NullHandler()]
    log = LogDefault(level="DEBUG")
    log.debug(task=Untouchable())
    log.info(task=Untouchable())
    log.warning(task=Untouchable())
    log.error(task=Untouchable())
    LogDefault(level="ERROR").info(task=Untouchable())
    assert heard.getvalue() == ""


def test_logging_is_loaded_late(run_program: Any) -> None:
    """Making a log does not load `logging`, which would slow down `import dotflow`."""
    ran = run_program(
        """
        import sys
        from dotflow.providers.log_default import LogDefault
        LogDefault(output="both", format="json")
        print(sorted({"logging", "json", "queue", "dataclasses"} & set(sys.modules)))
        """
    )
    assert ran.stdout == "[]\n", ran.stderr


def test_no_logger_and_no_handler_is_added(heard: io.StringIO, tmp_path: Path) -> None:
    """Fifty logs leave no named logger and no attached handler behind."""
    loggers = set(logging.Logger.manager.loggerDict)
    handlers = list(logging.getLogger("dotflow").handlers)
    for _ in range(50):
        LogDefault(output="both", path=tmp_path / "flow.log").info(task=FakeTask())
    assert set(logging.Logger.manager.loggerDict) == loggers
    assert logging.getLogger("dotflow").handlers == handlers
    assert len((tmp_path / "flow.log").read_text().splitlines()) == 50
    assert len(heard.getvalue().splitlines()) == 50


def test_file_only(heard: io.StringIO, tmp_path: Path) -> None:
    """`output="file"` makes the folders, appends, and tells the console nothing."""
    path = tmp_path / "a" / "b" / "flow.log"
    log = LogDefault(output="file", path=str(path))
    assert not path.parent.exists()
    log.info(task=FakeTask(task_id="one"))
    LogDefault(output="file", path=path).info(task=FakeTask(task_id="two"))
    lines = path.read_text().splitlines()
    ids = [line.split(" - ")[-2] for line in lines]
    assert ids == ["one (extract)", "two (extract)"]
    assert heard.getvalue() == ""


def test_file_is_written_whatever_the_console_shows(tmp_path: Path) -> None:
    """A file that was asked for is written even where the logger is silenced."""
    logger = logging.getLogger("dotflow")
    logger.handlers = [logging.NullHandler()]
    logger.propagate = False
    path = tmp_path / "flow.log"
    LogDefault(output="both", path=path).info(task=FakeTask())
    assert len(path.read_text().splitlines()) == 1


def test_output_folder_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a path the file lies in `DOTFLOW_OUTPUT_PATH`."""
    monkeypatch.setenv("DOTFLOW_OUTPUT_PATH", str(tmp_path / "out"))
    LogDefault(output="file").info(task=FakeTask())
    assert (tmp_path / "out" / "flow.log").exists()


def test_a_log_that_is_gone_has_closed_its_file(tmp_path: Path) -> None:
    """No open file is left for the garbage collector to complain about."""
    with pytest.MonkeyPatch.context() as patch:
        unraisable: list[Any] = []
        patch.setattr("sys.unraisablehook", unraisable.append)
        log = LogDefault(output="file", path=tmp_path / "flow.log")
        log.info(task=FakeTask())
        del log
        gc.collect()
        assert unraisable == []


def test_threads_do_not_mix_lines(tmp_path: Path) -> None:
    """Lines of several threads and several logs on one file stay whole."""
    path = tmp_path / "flow.log"

    def write() -> None:
        log = LogDefault(output="file", path=path, format="json")
        for _ in range(200):
            log.info(task=FakeTask())

    at_once(*[write] * 4)
    lines = path.read_text().splitlines()
    assert len(lines) == 800
    assert {json.loads(line)["status"] for line in lines} == {"Completed"}


def test_the_lines_of_a_queue_go_out_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A line each for many tasks that wait, in few writes."""
    writes: list[str] = []

    class Console(io.StringIO):
        def write(self, text: str) -> int:
            writes.append(text)
            return super().write(text)

    logger = logging.getLogger("dotflow")
    logger.handlers, logger.propagate = [], False
    monkeypatch.setattr("sys.stderr", Console())
    path = tmp_path / "flow.log"
    LogDefault(output="both", path=path).queued([FakeTask("Not started")] * 250)
    assert [text.count("\n") for text in writes] == [100, 100, 50]
    assert path.read_text() == "".join(writes)
    assert len({text.partition(": ")[2] for text in path.read_text().splitlines()}) == 1
    writes.clear()
    LogDefault(level="WARNING").queued([FakeTask("Not started")])
    assert writes == []


def test_an_application_gets_the_lines_of_a_queue_one_by_one(
    heard: io.StringIO,
) -> None:
    """Handlers of an application see a record for each task that waits."""
    LogDefault().queued([FakeTask("Not started")] * 3)
    assert heard.getvalue().count("app: INFO") == 3


@pytest.mark.parametrize("base", [Log, LogDefault])
def test_a_custom_log_is_told_of_each_task_that_waits(base: type[Any]) -> None:
    """Its `info` is called for each of them, also after it has raised for one."""
    said: list[int] = []

    class Mine(base):
        def info(self, task: Any = None, **kwargs: Any) -> None:
            said.append(task)
            if task == 1:
                raise ValueError("not this one")

        def error(self, **kwargs: Any) -> None: ...

    with pytest.raises(ValueError, match="not this one"):
        Mine().queued([1, 2, 3])
    assert said == [1, 2, 3]


def test_traceback_from_error_on(heard: io.StringIO) -> None:
    """Only an error shows a traceback."""
    log = LogDefault()
    failed = FakeTask("Failed", message="no such file")
    log.warning(task=failed)
    assert "no such file" not in heard.getvalue()
    log.error(task=failed)
    assert "Traceback (most recent call last):\nValueError: no such file" in (
        heard.getvalue()
    )


def test_a_json_line_is_json_alone(tmp_path: Path) -> None:
    """Each line is one object, without a prefix, whatever the texts hold."""
    path = tmp_path / "flow.log"
    log = LogDefault(output="file", path=path, format="json", level="debug")
    log.info(task=FakeTask(task_id="one"))
    log.error(task=FakeTask("Failed", message='a\nb\u2028"\ud800 é'))
    log.debug(count=3)
    first, second, third = [
        json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]
    ]
    stamp = first.pop("timestamp")
    assert stamp.endswith("+00:00")
    assert first == {
        "level": "INFO",
        "workflow_id": "contract-workflow",
        "task_id": "one",
        "task_name": "extract",
        "status": "Completed",
        "duration": 1.5,
    }
    assert second["error"] == {
        "exception": "ValueError",
        "message": 'a\nb\u2028"\ud800 é',
    }
    assert third["message"] == "{'count': 3}"


def test_json_on_the_console(run_program: Any) -> None:
    """On standard error, too, a JSON line has no prefix."""
    ran = run_program(PRELUDE + "LogDefault(format='json').info(task=FakeTask())")
    assert json.loads(ran.stderr)["status"] == "Completed"


def test_without_a_task(heard: io.StringIO) -> None:
    """Whatever else is logged appears as it was given."""
    LogDefault().info(message="hello", count=3)
    assert heard.getvalue() == "app: INFO {'message': 'hello', 'count': 3}\n"


@pytest.mark.parametrize("format", ["simple", "json"])
def test_values_are_never_logged(heard: io.StringIO, format: str) -> None:
    """What tasks take and leave may be secret: no line shows it."""
    task = FakeTask(value="the password")
    for level in ("debug", "info", "warning", "error"):
        getattr(LogDefault(level="DEBUG", format=format), level)(task=task)
    assert len(heard.getvalue().splitlines()) == 4
    assert "the password" not in heard.getvalue()


@pytest.mark.parametrize("level", ["LOUD", "WARNIN", 25, None, ""])
def test_an_unknown_level(level: Any) -> None:
    """A level that does not exist is refused, and told with those that do."""
    with pytest.raises(ProviderError, match=r"level=.* DEBUG, INFO, WARNING, ERROR"):
        LogDefault(level=level)


def test_a_level_by_its_number(heard: io.StringIO) -> None:
    """A level may be given as `logging` numbers it."""
    log = LogDefault(level=logging.WARNING)
    log.info(task=FakeTask())
    assert heard.getvalue() == ""
    log.warning(task=FakeTask())
    assert heard.getvalue() != ""


@pytest.mark.parametrize(
    "arguments", [{"output": "printer"}, {"format": "xml"}, {"output": None}]
)
def test_unknown_output_or_format(arguments: dict[str, Any]) -> None:
    """A wrong word is refused at once, with the right ones."""
    with pytest.raises(ProviderError, match="use one of") as caught:
        LogDefault(**arguments)
    assert isinstance(caught.value, ValueError)


def test_travels_to_another_process(heard: io.StringIO) -> None:
    """A log that was in use can be pickled, and works afterwards."""
    log = LogDefault()
    log.info(task=FakeTask())
    pickle.loads(pickle.dumps(log)).info(task=FakeTask())
    assert len(heard.getvalue().splitlines()) == 2


def test_an_unwritable_file_is_the_callers_to_see(tmp_path: Path) -> None:
    """A file that cannot be written raises, so that the engine can report it once."""
    (tmp_path / "file").write_text("")
    log = LogDefault(output="file", path=tmp_path / "file" / "flow.log")
    with pytest.raises(OSError, match="file"):
        log.info(task=FakeTask())


def test_a_custom_log_needs_info_and_error_alone() -> None:
    """The other levels of a log default to `info`."""
    said: list[tuple[str, dict[str, Any]]] = []

    class Mine(Log):
        def info(self, **kwargs: Any) -> None:
            said.append(("info", kwargs))

        def error(self, **kwargs: Any) -> None:
            said.append(("error", kwargs))

    log = Mine()
    log.warning(task=1)
    log.debug(task=2)
    assert said == [("info", {"task": 1}), ("info", {"task": 2})]


def test_levels_are_those_of_logging() -> None:
    """`LEVELS` has the numbers of the standard library, which it does not import."""
    assert {name: getattr(logging, name) for name in LEVELS} == LEVELS


def test_a_record_leaves_out_what_is_none() -> None:
    """A record's dictionary has no empty entries."""
    record = LogRecord("now", "ERROR", "w", error=LogRecordError("ValueError", "no"))
    assert record.to_dict() == {
        "timestamp": "now",
        "level": "ERROR",
        "workflow_id": "w",
        "error": {"exception": "ValueError", "message": "no"},
    }


def test_public_logger_is_the_standard_one() -> None:
    """`dotflow.logging.logger` is `logging.getLogger("dotflow")`."""
    from dotflow.logging import logger

    assert logger is logging.getLogger("dotflow")
