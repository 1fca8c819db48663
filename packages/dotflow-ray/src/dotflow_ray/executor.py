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
    lost_attempt,
    needs_of,
)
from dotflow.errors import ClusterUnavailable
from dotflow_ray.held import RayHeld
from dotflow_ray.on_worker import describe_worker, run_attempt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotflow.abc.remote import Likeness
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt

# Made once: Ray sends a remote function to the workers when it is first called.
_run: Any = ray.remote(run_attempt)
_probe: Any = ray.remote(describe_worker)
# Of short tasks this part is collected at once, or what has ended within a moment.
SHARE = 4
MOMENT_SECONDS = 0.005
# How long a step that was interrupted may take, before its worker is ended.
STOP_SECONDS = 1.0


class Flight(NamedTuple):
    """An attempt in the cluster.

    Attributes:
        attempt: The attempt.
        value: Ray's reference to what it returned.
        held: Those of its inputs that lie in the object store.
    """

    attempt: Attempt
    value: Any
    held: Sequence[RayHeld]


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

    def wait(self, timeout: float | None) -> list[Outcome]:
        """Collect the news of attempts that have ended."""
        flying = list(self.flying)
        if not flying:
            time.sleep(timeout or 0)
            return []
        ready = flying
        if len(flying) > 1:
            # Each look goes over all of them: worth a moment, until more have ended.
            some = max(1, len(flying) // SHARE)
            ready, _ = ray.wait(flying, num_returns=some, timeout=MOMENT_SECONDS)
            if not ready:
                ready, _ = ray.wait(flying, num_returns=1, timeout=timeout)
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
        self._functions = {}
        if not ray.is_initialized():
            self._initialize()
        nodes = _nodes()
        self.reach = "host" if len(nodes) == 1 and _is_here(nodes[0]) else "network"

    def disconnect(self) -> None:
        """End what this run has connected; see `ClusterExecutor.disconnect`."""
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
        try:
            function = self._function(attempt.task.step)
            news, value = function.remote(order, *[one.ref for one in held])
        except RayError as error:
            return lost_attempt(attempt, error)
        self.flying[news] = Flight(attempt, value, held)
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

    def _function(self, step: Any) -> Any:
        """Return the remote function of a step: to make one costs as much as a call."""
        function = self._functions.get(step)
        if function is None:
            options = options_of(step, self.names)
            function = self._functions[step] = _run.options(**options)
        return function

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
