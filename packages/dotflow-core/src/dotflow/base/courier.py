"""`Courier`: calls a function soon, in a thread, for whoever must not wait for it."""

from __future__ import annotations

import threading
import weakref
from contextvars import Context
from queue import Empty, SimpleQueue

from dotflow.base.liveness import at_fork

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# What comes within it is one call.
SOON_SECONDS = 0.03
# How long a fork, or the end of a run, waits for a call that goes on.
PATIENCE_SECONDS = 0.5

_couriers: weakref.WeakSet[Courier] = weakref.WeakSet()


class Courier:
    """Calls a function a moment after it was asked to.

    `wake` takes no lock, so that it may be called anywhere and be interrupted there.

    Args:
        call: What to call; it raises nothing.

    Attributes:
        threads: Its thread; none where it is not at work.
    """

    threads: list[threading.Thread]
    _wanted: SimpleQueue[None]
    _paused: threading.Event

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self.forget()
        _couriers.add(self)

    def wake(self) -> None:
        """Have the function called soon."""
        # A queue in C: an exception that a signal raises here leaves no lock behind.
        self._wanted.put(None)
        if self.threads:
            return
        thread = threading.Thread(
            # With no context variable of whoever came first.
            target=Context().run,
            args=(self._serve, self._paused),
            name="dotflow-courier",
            daemon=True,
        )
        self.threads.append(thread)  # two at once do no harm
        try:
            thread.start()
        except RuntimeError:  # the program ends
            self.threads.clear()

    def pause(self) -> None:
        """Have no thread until it is woken again."""
        threads, self.threads = self.threads, []
        self._paused.set()
        self._paused = threading.Event()
        for _ in threads:
            self._wanted.put(None)
        for thread in threads:
            if thread is not threading.current_thread() and thread.ident is not None:
                # Bounded: it may wait for a lock of whoever forks.
                thread.join(PATIENCE_SECONDS)

    def forget(self) -> None:
        """Have no thread, as in a forked child."""
        self.threads = []
        self._wanted = SimpleQueue()
        self._paused = threading.Event()

    def _serve(self, paused: threading.Event) -> None:
        wanted = self._wanted
        while not paused.is_set():
            wanted.get()
            if paused.wait(SOON_SECONDS):
                return
            try:
                while True:  # before the call: what comes in it is asked anew
                    wanted.get_nowait()
            except Empty:
                self._call()


_paused_for_fork: list[Courier] = []


def _before_fork() -> None:
    # A program with threads must not fork.
    _paused_for_fork[:] = [one for one in list(_couriers) if one.threads]
    for courier in _paused_for_fork:
        courier.pause()


def _after_fork_in_parent() -> None:
    while _paused_for_fork:
        _paused_for_fork.pop().wake()  # something may be left


def _after_fork_in_child() -> None:
    _paused_for_fork.clear()
    for courier in list(_couriers):
        courier.forget()


at_fork(_before_fork, _after_fork_in_parent, _after_fork_in_child)
