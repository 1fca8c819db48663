"""`DaskExecutor`: the executor of `mode="dask"`."""

from __future__ import annotations

import asyncio
import os
import pickle
import queue
import time
from typing import TYPE_CHECKING, Any

from distributed import Client, Future, LocalCluster
from distributed.scheduler import KilledWorker

from dotflow.abc.remote import (
    ClusterExecutor,
    Held,
    cancelled_attempt,
    hear_live,
    lost_attempt,
    needs_of,
)
from dotflow.errors import ClusterUnavailable
from dotflow.logging import logger
from dotflow_dask.held import DaskHeld
from dotflow_dask.keys import make_key, new_run
from dotflow_dask.on_scheduler import OneTry
from dotflow_dask.on_worker import (
    Address,
    as_key,
    describe_worker,
    noted,
    read_begun,
    run_attempt,
    stop,
)

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Mapping, Sequence

    from distributed.deploy.cluster import Cluster

    from dotflow.abc.remote import Likeness
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt
    from dotflow_dask.keys import Key

# How often futures are looked at whose end nobody tells: those of workers that died.
LOOK_SECONDS = 0.1
# After how long a future that has ended without news is asked itself.
SILENT_SECONDS = 5.0
# How often an attempt is assigned again for nothing, lest notes that nobody finds repeat
# one for ever that kills its worker.
MOST_AGAIN = 20
# How long workers have for stopping attempts.
STOP_SECONDS = 10.0
# How long what a dead worker had begun is looked for, on its computer.
DOUBT_SECONDS = 15.0


class Flight:
    """An attempt in the cluster.

    Args:
        attempt: The attempt.
        future: Dask's future of it.
        again: How often it was assigned before without having begun.
    """

    __slots__ = ("again", "attempt", "ended", "future")

    def __init__(self, attempt: Attempt, future: Future[Any], again: int) -> None:
        self.attempt = attempt
        self.future = future
        self.again = again
        self.ended: float | None = None


class Doubt:
    """The attempts of a worker that died, of which some may not have begun.

    Args:
        since: When that was known.

    Attributes:
        flights: The attempts.
        asked: What other workers of its computer are asked.
    """

    __slots__ = ("asked", "flights", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.flights: list[Flight] = []
        self.asked: list[concurrent.futures.Future[Any]] = []


class DaskExecutor(ClusterExecutor):
    """Runs attempts on the workers of a Dask cluster.

    Large results stay there; only what is small, or looked at, comes here. Each attempt
    runs once: Dask retries none of them, and makes no result again.

    Args:
        address: That of the scheduler, a `Client` or a cluster, which stay open. Default:
            `DASK_SCHEDULER_ADDRESS`, else a cluster on this computer for the run alone.
        prefetch: Attempts in the cluster at once, for each thread of its workers.
        **cluster: For that cluster on this computer, as `LocalCluster` takes it.
    """

    name = "dask"
    cluster = "Dask"
    names = {"cpus": "CPU", "gpus": "GPU", "memory": "MEMORY"}  # noqa: RUF012 - a table
    advice = " Start workers with --resources."

    def __init__(
        self,
        address: str | Client | Cluster | None = None,
        *,
        prefetch: int = 32,
        **cluster: Any,
    ) -> None:
        super().__init__(prefetch)
        self._address = address
        self._options = cluster
        self._cluster: Any = None
        self._client: Any = None
        self._run = ""
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._doubtful: dict[str, Doubt] = {}

    def wait(self, timeout: float | None) -> list[Outcome]:
        """Collect the news, and what became of attempts of which none come."""
        until = None if timeout is None else time.monotonic() + timeout
        outcomes: list[Outcome] = []
        while not outcomes:
            left = LOOK_SECONDS
            if until is not None:
                left = min(left, until - time.monotonic())
                if left <= 0 and self._news.empty():
                    break
            outcomes = self._told(max(left, 0.0))
            if not outcomes:
                outcomes = self._untold()
        return outcomes

    def connect(self) -> None:
        """Connect, with what Dask is to do otherwise for attempts of dotflow."""
        self._doubtful = {}
        self._news = queue.SimpleQueue()
        address: Any = self._address or os.environ.get("DASK_SCHEDULER_ADDRESS")
        if isinstance(address, Client):
            self._client = address
        elif address is None:
            self._client = self._made()
        else:
            try:
                self._client = Client(address, set_as_default=False)
            except (OSError, ValueError) as error:
                raise ClusterUnavailable(
                    f"There is no Dask scheduler at {address}: {error}"
                ) from error
        where = self._client.scheduler.address.partition("://")[2]
        # A scheduler that listens to this computer alone has its workers here.
        near = where.startswith(("127.", "localhost", "[::1]"))
        self.reach = "host" if near or self.own else "network"
        if not self._workers():
            # A cluster that adapts starts none before there is a task.
            self._client.submit(int, pure=False).result()
        self._client.register_plugin(OneTry())
        run = new_run()
        self._client.subscribe_topic(run, self._heard)
        self._run = run

    def disconnect(self) -> None:
        """Close what `connect` has opened."""
        client, self._client = self._client, None
        cluster, self._cluster = self._cluster, None
        run, self._run = self._run, ""
        if run:
            client.unsubscribe_topic(run)
        if client is not None and client is not self._address:
            client.close()
        if cluster is not None:
            cluster.close()

    def describe(self, modules: list[str]) -> Mapping[str, Likeness]:
        """Ask each worker."""
        found: dict[str, Likeness] = self._ask(describe_worker, modules).result()
        return found

    def resources(self) -> list[Mapping[str, float]]:
        """Return what each worker was started with."""
        return [worker["resources"] for worker in self._workers().values()]

    def count(self) -> int:
        """Return how many threads the workers have."""
        return sum(self._client.nthreads().values())

    def send(
        self,
        attempt: Attempt,
        order: bytes,
        held: Sequence[Any],
        *,
        again: int = 0,
        **how: Any,
    ) -> Outcome | None:
        """Hand the attempt to the scheduler; see `ClusterExecutor.send`."""
        step = attempt.task.step
        key = make_key(step.__name__, self._run, attempt.node, attempt.number, again)
        address = Address(key, self._client.id, self._run)
        future = self._client.submit(
            run_attempt,
            pickle.dumps(address, pickle.HIGHEST_PROTOCOL),
            order,
            *[one.future for one in held],
            key=key,
            pure=False,
            retries=0,
            resources=needs_of(step, self.names) or None,
        )
        self.flying[key] = Flight(attempt, future, again)
        return None

    def stop(self, those: Sequence[Any]) -> None:
        """Stop attempts; see `ClusterExecutor.stop`."""
        self.stopping.update(those)
        futures = [self.flying[key].future for key in those if key in self.flying]
        # First what waits, lest a worker begins it when another was stopped.
        self._client.cancel(futures, force=True)
        try:
            self._ask(stop, list(those)).result(STOP_SECONDS)
        except TimeoutError:
            logger.warning(
                "A Dask worker did not say that it has stopped its attempts."
            )

    def _made(self) -> Client:
        """Make a cluster on this computer."""
        options = {
            "processes": True,
            "threads_per_worker": 1,
            "dashboard_address": None,
            # Else it asks for port 8787 all the same, and warns where that is taken.
            "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"},
            **self._options,
        }
        self._cluster = LocalCluster(**options)
        self.own = True
        return Client(self._cluster, set_as_default=False)

    def _ask(
        self, call: Callable[..., Any], *args: Any, **options: Any
    ) -> concurrent.futures.Future[Any]:
        """Call something in workers, and wait for none: one that dies now never answers.

        Returns:
            What they say, by their addresses; nothing of those that cannot.
        """
        client = self._client

        async def asked() -> Any:
            return await client.run(call, *args, on_error="ignore", **options)

        return asyncio.run_coroutine_threadsafe(asked(), client.loop.asyncio_loop)

    def _workers(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return found

    def _heard(self, event: tuple[float, Any]) -> None:
        """Take what the scheduler passes on; called in the client's thread."""
        self._news.put(event[1])

    def _told(self, timeout: float) -> list[Outcome]:
        """Return the outcomes of which news have come."""
        outcomes: list[Outcome] = []
        try:
            message = self._news.get(timeout=timeout)
            while True:
                key = as_key(message["key"])
                flight = self.flying.get(key)
                if flight is not None and "told" in message:
                    hear_live(message["told"], flight.attempt)
                elif flight is not None:
                    del self.flying[key]
                    outcomes.append(self._read(flight, message["news"]))
                message = self._news.get_nowait()
        except queue.Empty:
            return outcomes

    def _read(self, flight: Flight, news: bytes) -> Outcome:
        outcome = self.outcome(
            flight.attempt, news, lambda kept: DaskHeld(flight.future, kept)
        )
        if not issubclass(type(outcome.value), Held):
            flight.future.release()
        return outcome

    def _untold(self) -> list[Outcome]:
        """Return what became of attempts whose future has ended without news."""
        outcomes: list[Outcome] = []
        now = time.monotonic()
        for key, flight in list(self.flying.items()):
            status = flight.future.status
            if status == "pending":
                continue
            if status == "finished":
                flight.ended = flight.ended or now
                if now > flight.ended + SILENT_SECONDS:
                    del self.flying[key]
                    outcomes.append(self._result(flight))
                continue
            del self.flying[key]
            outcome = self._lost(key, flight, status)
            if outcome is not None:
                outcomes.append(outcome)
        return outcomes + self._settled()

    def _result(self, flight: Flight) -> Outcome:
        """Read the news of an attempt from its result."""
        try:
            news = flight.future.result(timeout=SILENT_SECONDS)[0]
        except Exception as error:  # noqa: BLE001 - whatever Dask tells
            return lost_attempt(flight.attempt, error)
        return self._read(flight, news)

    def _lost(self, key: Key, flight: Flight, status: str | None) -> Outcome | None:
        """Return what became of an attempt that Dask gave up; None while in doubt."""
        if key in self.stopping:
            return cancelled_attempt(flight.attempt)
        error = flight.future.exception() if status == "error" else None
        if isinstance(error, KilledWorker) and error.last_worker is not None:
            # It failed whatever was assigned to that worker, begun or not.
            doubt = Doubt(time.monotonic())
            address = error.last_worker.address
            self._doubtful.setdefault(address, doubt).flights.append(flight)
            return None
        if error is not None:
            return lost_attempt(flight.attempt, error)
        return lost_attempt(
            flight.attempt,
            f"an input was lost with its worker (its future is {status})",
        )

    def _settled(self) -> list[Outcome]:
        """Decide about attempts of dead workers: what had not begun is sent again."""
        outcomes: list[Outcome] = []
        for address, doubt in list(self._doubtful.items()):
            begun = self._begun(address, doubt)
            if begun is None and time.monotonic() < doubt.since + DOUBT_SECONDS:
                continue
            del self._doubtful[address]
            for flight in doubt.flights:
                line = noted(as_key(flight.future.key))
                again = flight.again + 1
                if begun is None or line in begun or again > MOST_AGAIN:
                    why = f"the Dask worker {address} died while it ran"
                    outcome: Outcome | None = lost_attempt(flight.attempt, why)
                else:
                    outcome = self.hand_over(flight.attempt, again=again)
                if outcome is not None:
                    outcomes.append(outcome)
        return outcomes

    def _begun(self, address: str, doubt: Doubt) -> set[str] | None:
        """Return what a dead worker had begun; None where that is not known yet."""
        if self.reach == "host":
            found = read_begun(address)
            return None if found is None else set(found)
        if all(one.done() for one in doubt.asked):
            host = address.rpartition(":")[0]
            near = [one for one in self._workers() if one.rpartition(":")[0] == host]
            answers = [_answer(one) for one in doubt.asked]
            # Each by itself: one that dies meanwhile holds up no other's answer.
            doubt.asked = [self._ask(read_begun, address, workers=[n]) for n in near]
        else:
            answers = [_answer(one) for one in doubt.asked if one.done()]
        return next((set(lines) for lines in answers if lines is not None), None)


def _answer(asked: concurrent.futures.Future[Any]) -> list[str] | None:
    if asked.exception() is not None:
        return None
    return next(iter(asked.result().values()), None)
