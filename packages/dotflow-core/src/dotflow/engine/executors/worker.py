"""`Worker`: the parent's handle on one worker process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from dotflow.base.imports import await_imports
from dotflow.engine.executors.large import LARGE
from dotflow.engine.executors.transport import main_as_it_is
from dotflow.engine.executors.worker_main import GOODBYE, Order, worker_main

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

    from dotflow.engine.executors.worker_streams import WorkerStreams
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
        self.streams: WorkerStreams | None = None
        self.exited: int | None = None
        self._context = context
        self.owner = get_ident()
        self._process: Any = None
        self._pid: int | None = None
        self._lifeline: int | None = None
        self.answered = False

    def start(
        self,
        tasks: Sequence[TaskInstance],
        first: Order | None = None,
        heard: bool = False,
    ) -> None:
        """Start the process.

        Args:
            tasks: The tasks that a forked process inherits.
            first: An order that it inherits: what cannot be pickled can be forked.
            heard: Whether what it prints is kept.

        Raises:
            OSError: The system has no more processes or files to give.
        """
        from multiprocessing import process

        _close_in_forked_children()
        forked = self._context.get_start_method() == "fork"
        if forked:
            await_imports()
        with _making, _alarms_held():
            _live.add(self)
            self.connection, theirs = self._context.Pipe()
            read = streams = None
            if heard:
                from dotflow.engine.executors.worker_streams import WorkerStreams

                self.streams = WorkerStreams(self._context)
                streams = self.streams.theirs
            try:
                if forked:
                    read, self._lifeline = os.pipe()
                self._process = self._context.Process(  # type: ignore[attr-defined]
                    target=worker_main,
                    args=(theirs, read, tasks if forked else (), first, streams),
                    name="dotflow-worker",
                )
                with main_as_it_is():
                    _start(self._process)
            finally:
                theirs.close()
                if self.streams is not None:
                    self.streams.started()
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
        self.answered = True
        return message

    def receive_apart(self, message: bytes) -> list[memoryview]:
        """Return the parts of a large result that a message announces; else nothing.

        Raises:
            OSError: As of `receive`.
            EOFError: As of `receive`.
        """
        if not message.startswith(LARGE):
            return []
        from dotflow.engine.executors.large import receive_large

        assert self.connection is not None
        return receive_large(self.connection, message)

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
        # First without join, which waits for what a forked process has forked as well.
        ended = self.has_ended(GOODBYE_SECONDS)
        code = self._process.exitcode
        if code is None and ended:
            # The fork server, whose child it was, tells its code a moment later.
            self._process.join(GOODBYE_SECONDS)
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
        self.end_attempt()
        self._close_handles()
        if self._pid is not None and self._process.exitcode is not None:
            self._process.close()

    def end_attempt(self) -> None:
        """Tell all that its attempt has printed; what comes later is another's."""
        attempt, self.attempt = self.attempt, None
        if attempt is not None:
            if self.streams is not None:
                self.streams.drain(attempt)
            attempt.end_telling()

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
        if code != 1 or self.answered or self._context.get_start_method() == "fork":
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
        if self.streams is not None:
            self.streams.close()
        if self._lifeline is not None:
            lifeline, self._lifeline = self._lifeline, None
            os.close(lifeline)


@contextmanager
def _alarms_held() -> Iterator[None]:
    """Let the time of a step around this be over a little later.

    What an alarm raises in the middle would be lost in a hook of the fork, with whatever
    lock that was to give back, or leave a process that nobody knows.
    """
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGALRM,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _start(process: Any) -> None:
    """Start a process, also where this one is daemonic, as the worker of a pool is.

    `multiprocessing` refuses that there, since such a process ends without a look at
    its children. A worker ends with its parent by itself.
    """
    from multiprocessing import current_process

    this = current_process()
    if not this.daemon:
        process.start()
        return
    this.daemon = False
    try:
        process.start()
    finally:
        this.daemon = True


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
