"""`MessageDeliveryContract`: the tests of a notifier that posts messages to a service.

They are for what is derived from `dotflow.abc.http.NotifyHTTP` and for what keeps the
same promises by itself, besides `NotifyContract` and `TellingFaultContract`: order,
waits that a service asks for, refusals, forks and the end of a program.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.testing.endpoint import Answer, recording_endpoint
from dotflow.testing.faults import EXTRA_FAULTS, faulty_endpoint
from dotflow.testing.storage_base import skip_unless
from dotflow.testing.tasks import FakeTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dotflow.testing.endpoint import RecordingEndpoint, Request

_STATUSES = ("Not started", "In progress", "Retry", "Failed", "Completed")
_PATIENCE = 60.0  # seconds; a machine under load is no failure


class MessageDeliveryContract:
    """A mixin of tests, for pytest and unittest; each has a service of its own.

    Attributes:
        service: What the notifier's warnings call the service.
        secrets: Texts that the notifier is given and that nothing may show.
        taken: What the service answers to a message that it takes.
        refusals: Answers after which a message must not be sent again.
        passing: Answers after which a message must be sent again.
        program: A program that makes a notifier for the address `sys.argv[1]` with the
            timeout `sys.argv[2]`, tells of one completed task, and ends.
    """

    service: str
    secrets: tuple[str, ...] = ()
    taken: Answer = Answer()
    refusals: Sequence[Answer] = (Answer(400), Answer(401), Answer(404))
    passing: Sequence[Answer] = (Answer(500), Answer(502, "<html>"), Answer(503))
    program: str

    def make_notify(self, url: str, *args: Any, **kwargs: Any) -> Any:
        """Return a notifier of the service at `url`.

        Args:
            url: The address.
            args: The statuses that it tells of, if not all.
            kwargs: `timeout` and `retry_for`, in seconds.
        """
        raise NotImplementedError("make_notify: return a notifier of the service")

    def status_of(self, request: Request) -> str:
        """Return the status that a message tells of."""
        raise NotImplementedError("status_of: read the status out of a request")

    def limited(self, seconds: int) -> Answer:
        """Return the answer that asks for a wait."""
        return Answer(429, b"", {"Retry-After": str(seconds)})

    def statuses(self, api: RecordingEndpoint) -> list[str]:
        """Return what the service was told of, in order."""
        return [self.status_of(request) for request in api.requests]

    @contextmanager
    def notifying(
        self, answer: Callable[[Request], Answer], *args: Any, **kwargs: Any
    ) -> Iterator[tuple[RecordingEndpoint, Any]]:
        """Give a service that answers so, and a notifier of it, and end both."""
        with recording_endpoint() as api:
            api.answer = answer
            notify = self.make_notify(api.url, *args, **kwargs)
            try:
                yield api, notify
            finally:
                notify.close(0)

    def test_a_run_arrives(self) -> None:
        """Every change of status arrives once, in order."""
        with self.notifying(self._take) as (api, notify):
            assert run_two_steps(notify) == [{"rows": 120}, 120]
            assert notify.flush(_PATIENCE)
            assert self.statuses(api) == [
                "Not started",
                "Not started",
                "In progress",
                "Completed",
                "In progress",
                "Completed",
            ]

    def test_filter(self) -> None:
        """Only the statuses that were asked for are told of."""
        for wanted, seen in (
            ("Completed", ["Completed"]),
            (("Retry", "Failed"), ["Retry", "Failed"]),
            ({"In progress"}, ["In progress"]),
        ):
            with self.notifying(self._take, wanted) as (api, notify):
                tell(notify, *_STATUSES)
                assert self.statuses(api) == seen

    def test_an_alert_arrives(self) -> None:
        """What `NotifyRules` tells of arrives, whatever statuses were asked for."""
        from dotflow.providers import NotifyRules

        with self.notifying(self._take, "Retry") as (api, notify):
            rules = NotifyRules(slow_after=1e-9)
            assert run_two_steps([notify, rules]) == [{"rows": 120}, 120]
            assert rules.flush(_PATIENCE)
            assert notify.flush(_PATIENCE)
            assert self.statuses(api) == ["In progress"]
            assert b"still" in api.requests[0].body

    def test_the_state_is_that_of_the_call(self) -> None:
        """A message is about the task as it was, not as it is when it is sent."""
        gate = threading.Event()
        with self.notifying(self._take_after(gate), timeout=60) as (api, notify):
            task = FakeTask("In progress")
            notify.hook_status_task(task)
            task.status = "Completed"
            gate.set()
            assert notify.flush(_PATIENCE)
            assert self.statuses(api) == ["In progress"]

    def test_retry_after(self) -> None:
        """A service that asks for a wait is left alone, and nothing is lost."""
        times: list[float] = []

        def answer(_request: Request) -> Answer:
            times.append(time.monotonic())
            return self.limited(1) if len(times) == 1 else self.taken

        with self._warnings() as told, self.notifying(answer) as (api, notify):
            tell(notify, "In progress", "Completed")
            assert self.statuses(api) == ["In progress", "In progress", "Completed"]
        assert times[1] - times[0] >= 1
        assert told == []

    def test_a_wait_beyond_the_limit(self) -> None:
        """A service that asks for an hour is left alone; what comes is given up."""
        with (
            self._warnings() as told,
            self.notifying(lambda _request: self.limited(3600)) as (api, notify),
        ):
            tell(notify, "In progress", "Completed")
            assert len(api.requests) == 1
        (text,) = told
        assert "3600 s" in text

    def test_a_refusal(self) -> None:
        """A message that is refused is not sent again; why is said once."""
        for refusal in self.refusals:
            with (
                self._warnings() as told,
                self.notifying(_answering([], refusal)) as (api, notify),
            ):
                tell(notify, "In progress", "Completed")
                assert len(api.requests) == 2, refusal
            (text,) = told
            assert str(refusal.status) in text or "refused" in text, text

    def test_a_passing_failure(self) -> None:
        """What may pass is tried again, and the order is kept."""
        for failure in self.passing:
            answering = _answering([failure, failure], self.taken)
            with (
                self._warnings() as told,
                self.notifying(answering) as (api, notify),
            ):
                tell(notify, "In progress", "Completed")
                assert self.statuses(api) == ["In progress"] * 3 + ["Completed"]
            assert told == [], failure

    def test_a_faulty_endpoint(self) -> None:
        """Whatever the endpoint does, the run ends with the same result."""
        for fault in ("hangs", *EXTRA_FAULTS):
            with self._warnings() as told, faulty_endpoint(fault) as url:
                notify = self.make_notify(url, timeout=0.2, retry_for=0.3)
                assert run_two_steps(notify) == [{"rows": 120}, 120]
                notify.close(0)
            assert told != [], fault

    def test_no_logger_is_left(self) -> None:
        """However many notifiers are made, there are no more loggers than before."""
        made = [self.make_notify("http://127.0.0.1:9")]
        before = set(logging.root.manager.loggerDict)
        made += [self.make_notify("http://127.0.0.1:9") for _ in range(50)]
        assert set(logging.root.manager.loggerDict) == before
        for notify in made:
            notify.close(0)

    def test_a_forked_child_delivers_its_own(self) -> None:
        """A child forked after a delivery tells of its own tasks, and of no other's."""
        skip_unless(hasattr(os, "fork"), "this system cannot fork")
        with self.notifying(self._take) as (api, notify):
            notify.hook_status_task(FakeTask("In progress"))
            threads = [
                thread.native_id
                for thread in threading.enumerate()
                if self.service in thread.name
            ]
            assert notify.flush(_PATIENCE)
            # A thread that Python has joined may still be in the C library, with locks
            # of OpenSSL that a child forked right then would find taken for ever.
            while any(Path(f"/proc/self/task/{thread}").exists() for thread in threads):
                time.sleep(0.001)
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    notify.hook_status_task(FakeTask("Completed"))
                    code = 0 if notify.flush(_PATIENCE) else 2
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert self.statuses(api) == ["In progress", "Completed"]

    def test_the_exit_sends_what_is_left(self) -> None:
        """A program that ends at once has told of its last task."""
        with recording_endpoint() as api:
            api.answer = self._take
            ran = self._run_program(api.url, _PATIENCE)
            assert (ran.returncode, ran.stderr) == (0, "")
            assert self.statuses(api) == ["Completed"]

    def test_the_exit_is_not_held_up(self) -> None:
        """A program whose service hangs ends all the same, and tells no secret."""
        gate = threading.Event()
        with recording_endpoint() as api:
            api.answer = self._take_after(gate)
            ran = self._run_program(api.url, 0.5)
            gate.set()
        assert ran.returncode == 0
        assert self.service in ran.stderr
        for secret in self.secrets:
            assert secret not in ran.stderr + ran.stdout

    def _take(self, _request: Request) -> Answer:
        return self.taken

    def _take_after(self, gate: threading.Event) -> Callable[[Request], Answer]:
        def answer(_request: Request) -> Answer:
            gate.wait(5 * _PATIENCE)
            return self.taken

        return answer

    def _run_program(
        self, url: str, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", self.program, url, str(timeout)],
            env={**os.environ, "DOTFLOW_EXIT_TIMEOUT": str(timeout)},
            capture_output=True,
            text=True,
            timeout=2 * _PATIENCE,
        )

    @contextmanager
    def _warnings(self) -> Iterator[list[str]]:
        """Give the texts of the warnings about the service, none with a secret."""
        kept = _Kept()
        logging.root.addHandler(kept)
        told: list[str] = []
        try:
            yield told
        finally:
            logging.root.removeHandler(kept)
            told += [text for text in kept.texts if self.service in text]
        for secret in self.secrets:
            assert all(secret not in text for text in kept.texts)


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def _answering(first: Iterable[Answer], then: Answer) -> Callable[[Request], Answer]:
    """Return what gives these answers one after the other, and then the same for ever."""
    answers = iter(first)
    return lambda _request: next(answers, then)


def tell(notify: Any, *statuses: str) -> None:
    """Tell a notifier of a task in each of some statuses, and wait for their delivery.

    Args:
        notify: The notifier.
        statuses: The statuses, in order.
    """
    for status in statuses:
        notify.hook_status_task(FakeTask(status))
    assert notify.flush(_PATIENCE)


def run_two_steps(notify: Any) -> list[Any]:
    """Return the results of a workflow of two steps that a notifier tells of.

    Args:
        notify: The notifier.
    """
    from dotflow import Config, DotFlow, action

    def extract() -> dict[str, int]:
        return {"rows": 120}

    def load(previous_context: Any) -> int:
        return int(previous_context.storage["rows"])

    workflow = DotFlow(config=Config(notify=notify))
    workflow.task.add(step=action(extract))
    workflow.task.add(step=action(load))
    workflow.start()
    return workflow.result_storage()
