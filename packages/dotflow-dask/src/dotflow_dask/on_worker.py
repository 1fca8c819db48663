"""What runs in a Dask worker: attempts, and what stops them."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from distributed import get_worker

from dotflow.abc.remote import (
    Likeness,
    Order,
    cancelled_outcome,
    likeness,
    packed_news,
)
from dotflow.engine.control import RunCancelled
from dotflow.engine.executors.interruptible import InterruptibleAttempts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from distributed import Worker

    from dotflow_dask.keys import Key

# A worker notes here what it begins, up to this size: whatever was begun before is told
# of, and settled, long since.
MOST_NOTED = 1_000_000


class Running:
    """An attempt that runs in this worker.

    Args:
        client: Whose it is.
    """

    def __init__(self, client: str) -> None:
        self.client = client
        self.stoppable = InterruptibleAttempts()
        self.ended = threading.Event()


running: dict[Key, Running] = {}
_notes: dict[str, int] = {}


class Address(NamedTuple):
    """Whom a worker tells of an attempt.

    Attributes:
        key: Dask's key of the attempt.
        client: The client of its run.
        topic: Under what that hears it.
    """

    key: Key
    client: str
    topic: str

    def tell(self, worker: Worker, **message: bytes) -> None:
        """Send something, by the connection that a worker has anyway.

        Args:
            worker: This worker.
            **message: What there is to tell.
        """
        whole = {
            "op": "dotflow-news",
            "client": self.client,
            "topic": self.topic,
            "message": {"key": self.key, **message},
        }
        worker.loop.add_callback(worker.batched_send, whole)


def run_attempt(
    whom: bytes, order: bytes, *held: tuple[bytes, Any]
) -> tuple[bytes, Any]:
    """Run an attempt, and tell the client of its run what came of it.

    Args:
        whom: An `Address`, pickled: Dask would look into each part of it.
        order: An `Order`, as bytes.
        *held: The results of other attempts that are inputs of this one.

    Returns:
        The news, and the value if it is large: it stays in this worker, and goes from
        worker to worker as an argument of other attempts.
    """
    address: Address = pickle.loads(whom)
    ordered = Order.from_bytes(order)
    packed, worker = ordered.packed, get_worker()
    note_begun(worker.address, address.key)
    mine = running[address.key] = Running(address.client)

    def send(told: bytes) -> None:
        address.tell(worker, told=told)

    def run(_: object) -> tuple[bytes, Any]:
        values = [value for _, value in held]
        return ordered.run(values, interruptible=False, send=send)

    try:
        news, value = mine.stoppable.run(packed, run)
    except (RunCancelled, KeyboardInterrupt):
        news, value = packed_news(cancelled_outcome(packed), packed.name), None
    finally:
        running.pop(address.key, None)
        mine.ended.set()
    address.tell(worker, news=news)
    return news, value


async def stop(keys: Collection[Key], dask_worker: Worker) -> int:
    """Stop attempts: interrupt their steps, then end the worker where that is in vain.

    A worker that also runs what is not to be stopped goes on.

    Args:
        keys: Those of the attempts, as many as there are; others do no harm.
        dask_worker: The worker, which Dask gives.

    Returns:
        How many go on.
    """
    wanted = {as_key(key) for key in keys}
    mine = {key: one for key, one in list(running.items()) if key in wanted}
    if mine:
        await asyncio.to_thread(_interrupt, list(mine.values()))
    left = [key for key in mine if key in running]
    if left:
        executing = {as_key(task.key) for task in dask_worker.state.executing}
        if executing <= wanted:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return len(left)


async def stop_all_of(client: str, dask_worker: Worker) -> int:
    """Stop whatever attempts of a client run here; see `stop`."""
    mine = [key for key, one in list(running.items()) if one.client == client]
    return await stop(mine, dask_worker)


def _interrupt(those: Iterable[Running]) -> None:
    threads = [
        threading.Thread(target=one.stoppable.stop, daemon=True) for one in those
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def describe_worker(modules: list[str]) -> Likeness:
    """Return what this worker has; see `likeness`."""
    return likeness(modules)


def as_key(key: Any) -> Key:
    """Return a key that may have travelled as a list."""
    return tuple(key) if isinstance(key, list) else key


def notes_of(address: str) -> Path:
    """Return the file in which a worker notes what it has begun.

    It outlives a worker that is killed: another one on its computer can read it.

    Args:
        address: That of the worker.
    """
    name = "".join(c if c.isalnum() else "-" for c in address)
    user = getattr(os, "getuid", lambda: 0)()
    return Path(tempfile.gettempdir(), f"dotflow-dask-{user}-{name}.begun")


def note_begun(address: str, key: Key) -> None:
    """Note that an attempt begins, before anything of it runs."""
    file = _notes.get(address)
    if file is None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC
        file = os.open(notes_of(address), flags, 0o600)
        _notes[address] = file
    if (
        os.write(file, f"{noted(key)}\n".encode())
        and os.fstat(file).st_size > MOST_NOTED
    ):
        os.truncate(file, 0)


def noted(key: Key) -> str:
    """Return a key as a line: without the name of the step, which can be any text."""
    run = key[0].rpartition("-")[2]
    return ":".join((run, *map(str, key[1:])))


def read_begun(address: str) -> list[str] | None:
    """Return what a worker of this computer had begun; None where that is not known."""
    try:
        return notes_of(address).read_text().split()
    except FileNotFoundError:
        return []  # it is made with the first one
    except OSError:
        return None


def forget_begun() -> None:
    """Remove the notes of this worker, which ends in order."""
    for address, file in _notes.items():
        os.close(file)
        notes_of(address).unlink(missing_ok=True)
    _notes.clear()
