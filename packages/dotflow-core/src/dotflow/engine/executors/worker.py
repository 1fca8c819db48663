"""`Worker`: the parent's handle on one worker process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from dotflow.engine.executors.worker_main import GOODBYE, Order, worker_main

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

    from dotflow.model.task import Attempt, TaskInstance

# How long a worker may take to end by itself once it is told to.
GOODBYE_SECONDS = 5.0
# How long a step that is interrupted may take for its cleaning up.
INTERRUPT_SECONDS = 1.0

_live: WeakSet[Worker] = WeakSet()
_hooked = False
# While one process is made, no other inherits what is meant for it alone.
_making = Lock()


class Worker:
    """A process that runs one attempt at a time, once it was started.

    Args:
        context: The start method, as a `multiprocessing` context.
    """

    def __init__(self, context: BaseContext) -> None:
        self.attempt: Attempt | None = None
        self.deadline: float | None = None
        self.group: str | None = None
        self.packed: set[int] = set()
        self.connection: Connection[Any, Any] | None = None
        self.exited: int | None = None
        self._context = context
        self.owner = get_ident()
        self._process: Any = None
        self._pid: int | None = None
        self._lifeline: int | None = None
        self._answered = False

    def start(self, tasks: Sequence[TaskInstance], first: Order | None = None) -> None:
        """Start the process.

        Args:
            tasks: The tasks that a forked process inherits.
            first: An order that it inherits: what cannot be pickled can be forked.

        Raises:
            OSError: The system has no more processes or files to give.
        """
        from multiprocessing import process

        _close_in_forked_children()
        forked = self._context.get_start_method() == "fork"
        with _making:
            _live.add(self)
            self.connection, theirs = self._context.Pipe()
            read = None
            try:
                if forked:
                    read, self._lifeline = os.pipe()
                self._process = self._context.Process(  # type: ignore[attr-defined]
                    target=worker_main,
                    args=(theirs, read, tasks if forked else (), first),
                    name="dotflow-worker",
                )
                self._process.start()
            finally:
                theirs.close()
                if read is not None:
                    os.close(read)
            self._pid = self._process.pid
            # Whoever starts a process reaps all that multiprocessing knows of; until
            # this one is killed its id must not become another's.
            getattr(process, "_children", set()).discard(self._process)
        self.exited = _exit_handle(self._process)

    def send(self, order: Order) -> None:
        """Send an order.

        Raises:
            OSError: The process is gone.
        """
        import pickle

        assert self.connection is not None
        self.connection.send_bytes(pickle.dumps(order, pickle.HIGHEST_PROTOCOL))

    def receive(self) -> bytes:
        """Return what the process has sent.

        Raises:
            OSError: The process has died, maybe in the middle of it.
            EOFError: The same.
        """
        assert self.connection is not None
        message = self.connection.recv_bytes()
        self._answered = True
        return message

    def has_message(self) -> bool:
        """Say whether `receive` would not wait."""
        try:
            return self.connection is not None and self.connection.poll()
        except OSError:
            return True  # as a closed connection is: it tells that the process died

    def has_ended(self, patience: float = 0) -> bool:
        """Say whether the process has ended, or does within `patience` seconds."""
        from multiprocessing.connection import wait

        return self.exited is None or bool(wait([self.exited], patience))

    def how_it_died(self) -> str:
        """Say how the process ended; call it once it has."""
        self.has_ended(GOODBYE_SECONDS)  # join waits for what it has forked as well
        code = self._process.exitcode
        if code is None:
            return "its connection broke"
        if code >= 0:
            return f"it exited with code {code}{self._hint_at_main(code)}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "unknown"
        hint = (
            "; the system does that when memory runs out" if name == "SIGKILL" else ""
        )
        return f"it was killed by signal {-code} ({name}){hint}"

    def say_goodbye(self) -> None:
        """Tell the process to end after what it does now."""
        if self.connection is None:
            return
        try:
            # Where it works it may not read: then the closed connection tells it.
            if self.attempt is None:
                self.connection.send_bytes(GOODBYE)
            else:
                self.connection.close()
        except OSError:
            pass  # it is gone, which is what was asked

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the step, so that it can clean up."""
        self.send_signal(getattr(signal, "SIGINT", signal.SIGTERM))

    def release(self) -> None:
        """End the process and all that it has started, at once, and free it all."""
        # Before join: a process that was waited for may have lent its id to another.
        self.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        if self._pid is not None:
            self._process.join()
        self._close_handles()
        if self._pid is not None and self._process.exitcode is not None:
            self._process.close()

    def send_signal(self, number: int) -> None:
        """Send a signal to the process and to all that it has started."""
        if self._pid is None:
            return
        try:
            if sys.platform == "win32":
                self._process.terminate()
            else:
                os.killpg(self._pid, number)
        except (ProcessLookupError, PermissionError):
            # Between fork and setpgid it leads no group yet; macOS answers a signal to
            # a group of zombies with EPERM.
            try:
                if self._process.is_alive():
                    os.kill(self._pid, number)
            except ProcessLookupError:
                pass  # it ended by itself in between

    def _hint_at_main(self, code: int) -> str:
        if code != 1 or self._answered or self._context.get_start_method() == "fork":
            return ""
        return (
            "; if it never began: a script that starts processes without fork needs"
            ' `if __name__ == "__main__":` around what it runs'
        )

    def _close_handles(self) -> None:
        _live.discard(self)
        self.abandon()
        if self.exited is not None and self.exited != self._process.sentinel:
            os.close(self.exited)

    def abandon(self) -> None:
        """Let go of the parent's ends, as a forked child must."""
        if self.connection is not None:
            self.connection.close()
        if self._lifeline is not None:
            lifeline, self._lifeline = self._lifeline, None
            os.close(lifeline)


def interrupt_workers(thread: int, kill: bool = False) -> None:
    """Interrupt, or kill, the processes that a thread waits for."""
    for worker in list(_live):
        if worker.owner == thread:
            worker.send_signal(signal.SIGKILL if kill else signal.SIGINT)


def _exit_handle(process: Any) -> int:
    """Return what becomes readable when exactly this process has ended.

    The sentinel is a pipe that the process' own children keep open; a pidfd is not
    (pidfd_open(2)).
    """
    if hasattr(os, "pidfd_open"):
        try:
            return os.pidfd_open(process.pid)
        except OSError:
            pass  # an old kernel, or one that does not allow it
    return int(process.sentinel)


def _close_in_forked_children() -> None:
    """Keep the ends of other workers' pipes out of every forked child.

    A child that held them would hide the parent's end from those workers.
    """
    global _hooked
    if _hooked or not hasattr(os, "register_at_fork"):
        return
    _hooked = True
    os.register_at_fork(after_in_child=_abandon_all)


def _abandon_all() -> None:
    global _making
    _making = Lock()
    for worker in list(_live):
        worker.abandon()
    _live.clear()
