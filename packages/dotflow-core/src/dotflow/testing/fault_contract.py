"""Suites for what every provider promises while its service is failing.

`TellingFaultContract` is for what only tells: the run finishes with the same result and
within the time limit. `StorageFaultContract` is for storages: a `StorageError` comes
within the time limit.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dotflow.testing.faults import EXTRA_FAULTS, MORE_FAULTS, faulty_endpoint

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage
    from dotflow.testing.faults import FaultyURL

TELLING = ("log", "notify", "tracer", "metrics", "server")
"""The families whose failures never fail a run."""


MEMORY = 50_000_000
"""Bytes that a provider may take more, whatever it is answered."""


OTHER_FAULTS = (
    "500",
    "401",
    "drips",
    "redirect",
    "endless",
    "slow-tls",
    "drips-body",
    "cuts",
)
"""The faults of storages beside those that have a test of their own."""


def memory() -> int:
    """Return the most bytes that this process has had, 0 where that is not known."""
    try:
        import resource
    except ImportError:
        return 0
    # Linux counts in KiB, macOS in bytes.
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else found * 1024


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Give the texts of what is warned about meanwhile."""
    told: list[str] = []

    # Not by pytest's own means: unittest runs these suites as well.
    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    kept = Kept(logging.WARNING)
    logging.getLogger("dotflow").addHandler(kept)
    try:
        yield told
    finally:
        logging.getLogger("dotflow").removeHandler(kept)


def within(limit: float, call: Callable[[], Any]) -> Any:
    """Return what a call returns, and fail the test where it takes too long.

    Args:
        limit: The most seconds it may take.
        call: What to call, in a thread of its own.

    Raises:
        AssertionError: The time is over.
    """
    returned: list[Any] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again below
            raised.append(error)

    # Nothing else ends a call that hangs; as a daemon it does not keep the tests alive.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit)
    assert not thread.is_alive(), f"not over after {limit} s"
    if raised:
        raise raised[0]
    return returned[0]


class TellingFaultContract:
    """Tests of a provider that tells, for pytest and, as a mixin, for unittest.

    A workflow of two steps runs while its provider's service refuses, hangs, answers
    500 or 401, answers garbage, redirects, is slow, drips, never ends, or breaks off.
    The result is right in time, no failure is told twice, no secret is told at all, and
    no answer fills the memory.

    Example:
        ```python
        class TestMine(TellingFaultContract):
            family = "notify"

            def make_provider(self, url):
                return NotifyMine(url, timeout=0.5)
        ```

    Attributes:
        family: The argument of `Config`, a name out of `TELLING`.
        faults: Those beside the common ones that it survives.
        time_limit: Seconds that the whole run may take. The engine itself gives a
            provider five to deliver what it has.
        secrets: Texts that the provider was given and that nothing may show.
    """

    family: str = "notify"
    faults: tuple[str, ...] = EXTRA_FAULTS + MORE_FAULTS
    time_limit: float = 20.0
    secrets: tuple[str, ...] = ()

    def make_provider(self, url: FaultyURL) -> Any:
        """Return a provider whose service is at `url`. Override this."""
        raise NotImplementedError

    def test_survives_refusal(self) -> None:
        """A run ends well while nobody listens at the service's address."""
        self.check("refuses")

    def test_survives_hanging(self) -> None:
        """A run ends well while the service takes everything and never answers."""
        self.check("hangs")

    def test_survives_500(self) -> None:
        """A run ends well while the service answers every request with status 500."""
        self.check("500")

    def test_survives_garbage(self) -> None:
        """A run ends well while the service answers what is no answer."""
        self.check("garbage")

    def test_survives_slowness(self) -> None:
        """A run ends well while the service is slow."""
        self.check("slow")

    def test_survives_what_else_there_is(self) -> None:
        """A run ends well whatever else a service may do to its clients."""
        for kind in self.faults:
            self.check(kind)

    def check(self, kind: str) -> None:
        """Run a workflow while the service has a fault.

        Args:
            kind: A fault that `faulty_endpoint` knows.
        """
        before = memory()
        with faulty_endpoint(kind) as url, _warnings() as told:
            provider = self.make_provider(url)
            try:
                shown = [repr(provider)]
                found = within(self.time_limit, lambda: self._run(provider))
                flush = getattr(provider, "flush", None)
                if flush is not None:
                    within(self.time_limit, lambda: flush(1.0))
            finally:
                close = getattr(provider, "close", None)
                if close is not None:
                    within(self.time_limit, close)
        assert found == [("Completed", 1), ("Completed", 2)], kind
        assert memory() - before < MEMORY, kind
        assert len(told) == len(set(told)), (kind, told)
        for secret in self.secrets:
            assert secret not in "\n".join([*shown, *told]), kind

    def _run(self, provider: Any) -> list[tuple[str, Any]]:
        from dotflow import Config, DotFlow, action

        def first() -> int:
            return 1

        def second(previous_context: Any) -> Any:
            return previous_context.storage + 1

        providers = {self.family: provider}
        if self.family != "log":
            from dotflow.testing.fakes import RecordingLog

            providers["log"] = RecordingLog()
        workflow = DotFlow(config=Config(**providers))
        workflow.task.add(action(first))
        workflow.task.add(action(second))
        workflow.start()
        return [
            (task.status, task.current_context.storage)
            for task in workflow.result_task()
        ]


class StorageFaultContract:
    """Tests of a storage whose server fails, for pytest and, as a mixin, for unittest.

    Attributes:
        faults: Those beside the ones that have a test of their own.
        time_limit: Seconds after which a call must have given up. Make the storage with
            a timeout well below it.
        secrets: Texts that the storage was given and that nothing may show.
    """

    faults: tuple[str, ...] = OTHER_FAULTS
    time_limit: float = 20.0
    secrets: tuple[str, ...] = ()

    def make_storage_at(self, url: FaultyURL) -> Storage:
        """Return a storage whose server is at `url.host` and `url.port`."""
        raise NotImplementedError

    def test_refusal_is_an_error(self) -> None:
        """Each call raises `StorageError` while nobody listens."""
        self.check("refuses")

    def test_hanging_is_an_error(self) -> None:
        """Each call raises `StorageError` in time while the server never answers."""
        self.check("hangs")

    def test_garbage_is_an_error(self) -> None:
        """Each call raises `StorageError` while the server answers garbage."""
        self.check("garbage")

    def test_hanging_up_is_an_error(self) -> None:
        """Each call raises `StorageError` while the server hangs up on everybody."""
        self.check("closes")

    def test_breaking_off_is_an_error(self) -> None:
        """Each call raises `StorageError` while the server breaks off every answer."""
        self.check("resets")

    def test_whatever_else_is_an_error(self) -> None:
        """A call raises `StorageError` in time, whatever else a server may do.

        No answer fills the memory.
        """
        for kind in self.faults:
            before = memory()
            # One call of them all: each would wait for its time limit once more.
            self.check(kind, only=1)
            assert memory() - before < MEMORY, kind

    def test_run_fails_in_time(self) -> None:
        """A task whose result cannot be stored fails, and says where the storage is."""
        from dotflow import Config, DotFlow, action
        from dotflow.testing.fakes import RecordingLog

        def step() -> int:
            return 1

        with faulty_endpoint("refuses") as url:
            storage = self.make_storage_at(url)
            workflow = DotFlow(config=Config(storage=storage, log=RecordingLog()))
            workflow.task.add(action(step))
            within(self.time_limit, workflow.start)
            (task,) = workflow.result_task()
        assert task.status == "Failed"
        assert task.errors[-1].exception == "StorageError"
        assert str(url.port) in task.errors[-1].message

    def check(self, kind: str, only: int | None = None) -> None:
        """Make every kind of call while the server has a fault.

        Args:
            kind: A fault that `faulty_endpoint` knows.
            only: How many kinds of calls are enough.
        """
        from dotflow.model.context import Context

        value = Context(storage=1, task_id="01JTASK")
        calls: list[Callable[[Storage], object]] = [
            lambda storage: storage.get("k"),
            lambda storage: storage.post("k", value),
            lambda storage: storage.list_keys(),
            lambda storage: storage.atomic_swap("k", None, value),
        ]
        with faulty_endpoint(kind) as url:
            storage = self.make_storage_at(url)
            for call in calls[:only]:
                self._fails(lambda call=call: call(storage), url)  # type: ignore[misc]
            storage.close()

    def _fails(self, call: Callable[[], object], url: FaultyURL) -> None:
        import traceback

        from dotflow.errors import StorageError

        raised: StorageError | None = None
        try:
            within(self.time_limit, call)
        except StorageError as error:
            raised = error
        assert raised is not None, "StorageError was not raised"
        assert str(url.port) in str(raised), raised
        everything = "".join(traceback.format_exception(raised))
        for secret in self.secrets:
            assert secret not in everything


class StorageRestartContract:
    """Tests of a storage whose server is killed and comes back; a mixin as the others.

    Attributes:
        server: The server; its methods `kill()` and `start()` return when that is done.
            It starts with what it had.
    """

    server: Any

    def make_storage(self, timeout: float = 30.0) -> Storage:
        """Return a storage of the server, new and empty for each test.

        Args:
            timeout: How long the storage waits for a server that was there before.
        """
        raise NotImplementedError("make_storage: return a storage of the server")

    def test_server_restarted(self) -> None:
        """A storage goes on after its server was killed and started again."""
        from dotflow.model.context import Context

        value = Context(storage=[1, 2], task_id="01JTASK")
        storage = self.make_storage()
        storage.post("k", value)
        self.server.kill()
        self.server.start()
        assert storage.get("k").storage == [1, 2]
        self.server.kill()
        self.server.start()
        assert storage.atomic_swap("k", value, Context(storage=3)) is True
        storage.close()

    def test_server_waited_for(self) -> None:
        """A call made while the server is down succeeds once it is back."""
        from dotflow.model.context import Context

        storage = self.make_storage(timeout=60)
        storage.post("k", Context(storage="old"))
        self.server.kill()
        # It takes longer to start than a call to be made, which so finds nobody at first.
        back = threading.Thread(target=self.server.start)
        back.start()
        try:
            storage.post("k", Context(storage="new"))
        finally:
            back.join()
        assert storage.get("k").storage == "new"
        storage.close()
