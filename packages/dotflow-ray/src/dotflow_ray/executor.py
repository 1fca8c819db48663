"""`RayExecutor`: the executor of `mode="ray"`."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import ray
from ray.exceptions import (
    GetTimeoutError,
    ObjectLostError,
    RayError,
    TaskCancelledError,
)

from dotflow.abc.remote import (
    ClusterExecutor,
    cancelled_attempt,
    hear_live,
    kinds_of,
    lost_attempt,
    needs_of,
)
from dotflow.errors import ClusterUnavailable
from dotflow_ray.held import RayHeld
from dotflow_ray.live import Live
from dotflow_ray.on_worker import describe_worker, run_attempt, run_heard_attempt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotflow.abc.remote import Likeness
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt

# Made once: Ray sends a remote function to the workers when it is first called.
_run: Any = ray.remote(run_attempt)
_run_heard: Any = ray.remote(run_heard_attempt)
_probe: Any = ray.remote(describe_worker)
# Of what flies this part is collected at once, or what has ended within a moment: each look
# wakes this process beside the workers. 1,000 tasks that do nothing take 1.54 times as long
# as on Ray alone, with a moment of 5 ms 1.73 times (medians of 16 rounds on two cores).
SHARE = 4
MOMENT_SECONDS = 0.02
# After how long somebody who listens to an attempt hears it before its end. What brings that
# is a process of its own, which a run of shorter ones is spared.
LIVE_AFTER_SECONDS = 1.0
# How long a step that was interrupted may take, before its worker is ended.
STOP_SECONDS = 1.0


class Flight(NamedTuple):
    """An attempt in the cluster.

    Attributes:
        attempt: The attempt.
        value: Ray's reference to what it returned.
        held: Those of its inputs that lie in the object store.
        since: When it was sent, on the monotonic clock.
        heard: Whether somebody listens to what its step tells.
    """

    attempt: Attempt
    value: Any
    held: Sequence[RayHeld]
    since: float
    heard: bool


class RayExecutor(ClusterExecutor):
    """Runs attempts in the workers of a Ray cluster.

    Large results stay in the object store; only what is small, or looked at, comes here.
    Each attempt runs once: Ray retries none of them, and makes no result again.

    Args:
        address: That of the cluster, as `ray.init` takes it. Default: the one that this
            process is connected to, else `RAY_ADDRESS`, else one on this computer for
            the run alone.
        prefetch: Attempts in the cluster at once, for each of its processors.
        **options: For `ray.init`, where this process is not connected, such as
            `runtime_env` and `num_cpus`.
    """

    name = "ray"
    cluster = "Ray"
    names = {"cpus": "CPU", "gpus": "GPU"}  # noqa: RUF012 - a table, as `ClassVar`

    def __init__(
        self, address: str | None = None, *, prefetch: int = 64, **options: Any
    ) -> None:
        super().__init__(prefetch)
        self._address = address
        self._options = options
        self._functions: dict[Any, Any] = {}
        self._live = Live()

    def wait(self, timeout: float | None) -> list[Outcome]:
        """Collect the news of attempts that have ended."""
        flying = list(self.flying)
        if not flying:
            time.sleep(timeout or 0)
            return []
        ready, coming = flying, self._coming()
        if coming is not None:
            flying.append(coming)
        if len(flying) > 1:
            ready = []
            if len(flying) > 2 * self.processors:
                # Enough waits there for a moment: no worker stands idle meanwhile.
                some = max(1, len(flying) // SHARE)
                ready, _ = ray.wait(flying, num_returns=some, timeout=MOMENT_SECONDS)
            if not ready:
                ready, _ = ray.wait(flying, num_returns=1, timeout=timeout)
        if coming in ready:
            ready.remove(coming)
            self._hear()
        try:
            # Together: to ask for each costs as much as to run it.
            told: list[Any] = ray.get(ready, timeout=timeout)
        except GetTimeoutError:
            return []
        except Exception as error:  # noqa: BLE001 - whatever Ray tells
            if len(ready) == 1:
                return [self._failed(ready[0], error)]
            return [self._asked(news) for news in ready]
        return [self._read(news, said) for news, said in zip(ready, told, strict=True)]

    def connect(self) -> None:
        """Connect where this process is not connected; see `ClusterExecutor.connect`."""
        self._functions, self._live = {}, Live()
        if not ray.is_initialized():
            self._initialize()
        nodes = _nodes()
        self.reach = "host" if len(nodes) == 1 and _is_here(nodes[0]) else "network"

    def disconnect(self) -> None:
        """End what this run has connected; see `ClusterExecutor.disconnect`."""
        self._live = Live()  # Ray ends a box that nobody has
        if self.own:
            ray.shutdown()

    def describe(self, modules: list[str]) -> Mapping[str, Likeness]:
        """Ask one worker: Ray has them all have the same."""
        probe = _probe.options(num_cpus=0, max_retries=0)
        return {"of the Ray cluster": ray.get(probe.remote(modules))}

    def resources(self) -> list[Mapping[str, float]]:
        """Return what each node has."""
        return [node["Resources"] for node in _nodes()]

    def count(self) -> int:
        """Return how many processors the nodes have."""
        return int(ray.cluster_resources().get("CPU", 0))

    def send(
        self, attempt: Attempt, order: bytes, held: Sequence[Any], **how: Any
    ) -> Outcome | None:
        """Hand the attempt to Ray; see `ClusterExecutor.send`."""
        heard = bool(kinds_of(attempt))
        box = [self._live.name.encode()] if heard else []
        try:
            function = self._function(attempt.task.step, heard)
            news, value = function.remote(order, *box, *[one.ref for one in held])
        except RayError as error:
            return lost_attempt(attempt, error)
        self.flying[news] = Flight(attempt, value, held, time.monotonic(), heard)
        return None

    def stop(self, those: Sequence[Any]) -> None:
        """Interrupt steps, then end their workers; see `ClusterExecutor.stop`."""
        left = list(those)
        self.stopping.update(left)
        for force in (False, True):
            for news in left:
                ray.cancel(news, force=force, recursive=True)
            if left:
                _, left = ray.wait(left, num_returns=len(left), timeout=STOP_SECONDS)

    def _initialize(self) -> None:
        address = self._address or os.environ.get("RAY_ADDRESS")
        quiet = {"include_dashboard": False} if address is None else {}
        options = {"log_to_driver": False, **quiet, **self._options}
        try:
            ray.init(address=address or "local", **options)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise ClusterUnavailable(
                f"There is no Ray cluster at {address or 'this computer'}: {error}"
            ) from error
        self.own = True

    def _function(self, step: Any, heard: bool) -> Any:
        """Return the remote function of a step: to make one costs as much as a call."""
        function = self._functions.get((step, heard))
        if function is None:
            run = _run_heard if heard else _run
            function = run.options(**options_of(step, self.names))
            self._functions[step, heard] = function
        return function

    def _coming(self) -> Any:
        """Return Ray's reference to what attempts tell next, where that is brought."""
        oldest = next(iter(self.flying.values()))
        if oldest.heard and time.monotonic() > oldest.since + LIVE_AFTER_SECONDS:
            self._live.open()
        return self._live.coming

    def _hear(self) -> None:
        """Tell what attempts have told while they run."""
        attempts = {
            news.task_id().hex(): flight.attempt for news, flight in self.flying.items()
        }
        for task, message in self._live.take():
            if task in attempts:
                hear_live(message, attempts[task])

    def _asked(self, news: Any) -> Outcome:
        """Return the outcome of an attempt that has ended, asked for by itself."""
        try:
            return self._read(news, ray.get(news))
        except Exception as error:  # noqa: BLE001 - whatever Ray tells
            return self._failed(news, error)

    def _failed(self, news: Any, error: Exception) -> Outcome:
        flight = self.flying.pop(news)
        if news in self.stopping or isinstance(error, TaskCancelledError):
            return cancelled_attempt(flight.attempt)
        if isinstance(getattr(error, "cause", error), ObjectLostError):
            for held in flight.held:
                held.gone = True  # the next attempt looks where else it is
        return lost_attempt(flight.attempt, error)

    def _read(self, news: Any, told: bytes) -> Outcome:
        flight = self.flying.pop(news)
        if news in self.stopping:
            return cancelled_attempt(flight.attempt)
        return self.outcome(
            flight.attempt, told, lambda kept: RayHeld(flight.value, kept)
        )


def options_of(step: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of a remote function that runs attempts of a step.

    Ray retries none of them, nor makes a result again: dotflow does, and counts it.

    Args:
        step: The step.
        names: What Ray calls the resources that it asks for.
    """
    needs = needs_of(step, names)
    options: dict[str, Any] = {
        "name": step.__name__,
        "max_retries": 0,
        "num_returns": 2,
        "num_cpus": needs.pop("CPU", 0 if "cpus" in (step.resources or ()) else 1),
        "num_gpus": needs.pop("GPU", None),
        "memory": needs.pop("memory", None),
        "resources": needs or None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _nodes() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]


def _is_here(node: dict[str, Any]) -> bool:
    """Say whether a node is this computer."""
    here = ray.get_runtime_context().get_node_id()
    return bool(node["NodeID"] == here)
