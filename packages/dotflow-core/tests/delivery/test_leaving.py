"""The exit of a program, and the end of a run, beside services that are dead or slow."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import pytest

from dotflow import Config, DotFlow, action
from dotflow.delivery import Delivery, Message, Sender, Unreachable, leaving
from dotflow.pipeline import Pipeline
from dotflow.providers import ServerDefault
from dotflow.testing import faulty_endpoint
from dotflow.testing.endpoint import recording_endpoint
from dotflow.testing.faults import EXTRA_FAULTS, FAULTS, MORE_FAULTS

# Far more than a run takes, far less than a wait for the server would.
SOON = 20.0


def run_program(code: str, *args: str, **environ: str) -> Any:
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=120,
    )


@action
def work() -> int:
    return 1


@pytest.mark.parametrize("kind", FAULTS + EXTRA_FAULTS + MORE_FAULTS)
@pytest.mark.parametrize("front_end", ["workflow", "pipeline"])
def test_a_run_does_not_wait(kind: str, front_end: str) -> None:
    """Ten runs end at once, whatever the server does that they report to."""
    with faulty_endpoint(kind) as url:
        server = ServerDefault(url, "token", timeout=60, retry_for=600)
        config = Config(server=server)
        if front_end == "workflow":
            flow = DotFlow(config)
            flow.task.add(work)
            start: Any = flow.start
        else:
            pipeline = Pipeline("told", config=config)
            pipeline.task()(work)
            start = pipeline.run
        begin = time.monotonic()
        for _ in range(10):
            start()
        assert time.monotonic() - begin < SOON
        server.close(0)


SEVERAL = """
import sys
from dotflow.providers import ServerDefault
for url in sys.argv[1:]:
    server = ServerDefault(url, "hush-hush", timeout=60, retry_for=600)
    for status in ("In progress", "Completed"):
        server.update_workflow("wf", status)
print("end", flush=True)
"""


def test_the_exit_waits_once_for_all() -> None:
    """Dead services hold the exit up together once, and each tells once what it lost."""
    with (
        faulty_endpoint("hangs") as first,
        faulty_endpoint("refuses") as second,
        recording_endpoint() as api,
    ):
        dead = [*[first] * 5, *[second] * 5]
        begin = time.monotonic()
        ran = run_program(SEVERAL, *dead, api.url, DOTFLOW_EXIT_TIMEOUT="3")
        assert time.monotonic() - begin < 10 * 3
        # One that is well gets its reports meanwhile.
        assert len(api.requests) == 2
    assert ran.returncode == 0
    lost = [text for text in ran.stderr.splitlines() if "2 reports have not" in text]
    assert len(lost) == len(ran.stderr.splitlines()) == 10
    assert sum("refused" in text for text in lost) == 5
    assert "hush-hush" not in ran.stderr


CHILD = """
import multiprocessing, sys
def report(url):
    from dotflow.providers import ServerDefault
    ServerDefault(url, "token").update_workflow("wf", "Completed")
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[2])
    process = context.Process(target=report, args=(sys.argv[1],))
    process.start()
    process.join()
    raise SystemExit(process.exitcode)
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_of_multiprocessing_sends_what_is_left(
    method: str, tmp_path: Any
) -> None:
    """A child process that ends at once has told the last state, as a program has."""
    program = tmp_path / "program.py"
    program.write_text(CHILD)
    with recording_endpoint() as api:
        ran = subprocess.run(
            [sys.executable, str(program), api.url, method],
            env=os.environ | {"DOTFLOW_EXIT_TIMEOUT": "60"},
            timeout=120,
        )
        assert ran.returncode == 0
        assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("", 1), ("0", 0), ("2.5", 2.5), ("-1", 1), ("soon", 1), ("inf", 1), ("nan", 1)],
)
def test_the_time_of_the_exit(
    given: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable sets the seconds; what is no number of them counts as not set."""
    monkeypatch.setenv(leaving.VARIABLE, given)
    assert leaving.exit_seconds() == seconds


def test_what_is_lost_is_counted_once(caplog: Any) -> None:
    """The message on its way and those that wait are one count in one warning."""

    class Down(Sender):
        def send(self, message: Message) -> None:
            raise Unreachable("nobody is at home")

        def abort(self) -> None:
            pass

    delivery = Delivery(Down, "the post office", timeout=1, retry_for=60)
    for number in range(3):
        delivery.put(Message(number))
    deadline = time.monotonic() + 60
    while not delivery.problem:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    delivery.leave(time.monotonic())
    assert [record.getMessage() for record in caplog.records] == [
        "3 reports have not reached the post office in time: nobody is at home."
    ]
    assert delivery.dropped == 3
