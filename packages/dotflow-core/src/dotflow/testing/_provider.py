"""What the contract suites of the providers that tell have in common."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from dotflow.testing.threads import at_once


class ProviderContract:
    """Checks that hold for every provider, whatever its kind.

    Attributes:
        time_limit: Seconds that one call may take. A provider that waits for a network
            sets what it promises.
        picklable: Whether the provider claims to work in another process, as
            `mode="parallel"` needs under spawn.
        secrets: Texts that the provider was given and must not show.
    """

    time_limit: float = 5.0
    picklable: bool = False
    secrets: tuple[str, ...] = ()

    def _make(self) -> Any:
        raise NotImplementedError

    def _use(self, provider: Any) -> None:
        """Call every method as the engine does."""
        raise NotImplementedError

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method of the provider, which must neither raise nor block.

        Args:
            function: The method.
            args: Its arguments.
            kwargs: Its named arguments.
        """
        caught: list[BaseException] = []
        returned: list[Any] = []

        def run() -> None:
            try:
                returned.append(function(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - raised again below
                caught.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(self.time_limit)
        name = getattr(function, "__qualname__", repr(function))
        assert not thread.is_alive(), f"{name} took longer than {self.time_limit} s"
        if caught:
            raise AssertionError(f"{name} raised {caught[0]!r}") from caught[0]
        return returned[0]

    def test_active_is_a_bool(self) -> None:
        """The engine can tell whether the provider does anything."""
        assert isinstance(self._make().active, bool)

    def test_calls_of_a_run(self) -> None:
        """Every call of a run returns in time and raises nothing."""
        self._use(self._make())

    def test_calls_again(self) -> None:
        """One provider serves one run after the other."""
        provider = self._make()
        self._use(provider)
        self._use(provider)

    def test_calls_from_threads(self) -> None:
        """Several threads may call one provider at once."""
        provider = self._make()
        at_once(*[partial(self._use, provider)] * 3)

    def test_shows_no_secret(self) -> None:
        """Neither `repr` nor `str` shows what the provider was given in confidence."""
        provider = self._make()
        for secret in self.secrets:
            assert secret not in repr(provider)
            assert secret not in str(provider)

    def test_pickle(self) -> None:
        """A provider that claims to can be used after a trip to another process."""
        if self.picklable:
            self._use(pickle.loads(pickle.dumps(self._make())))

    def test_fork(self) -> None:
        """A forked child can call the provider and end, and so can its parent."""
        if not hasattr(os, "fork"):
            return
        provider = self._make()
        self._use(provider)
        child = _fork(lambda: self._use(provider))
        assert _wait(child, 10 * self.time_limit) == 0, "the forked child failed"
        self._use(provider)


def _fork(function: Callable[[], None]) -> int:
    import sys
    import traceback
    import warnings

    with warnings.catch_warnings():
        # Python 3.12 warns if there are threads, such as those of a test runner.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        function()
        code = 0
    except BaseException:  # noqa: BLE001 - the child must not run on into the test suite
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def _wait(child: int, limit: float) -> int | None:
    """Return the exit code of a child, or None after killing one that hangs."""
    import signal
    import time

    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
