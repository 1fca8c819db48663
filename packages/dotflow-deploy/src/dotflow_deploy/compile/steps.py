"""A workflow's graph as every target of a compilation sees it: `Plan` and `Step`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dotflow.engine.modes import find_mode
from dotflow.model.expansion import MapOver, SubWorkflow
from dotflow_deploy.compile.refusals import NotCompilable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow import DotFlow
    from dotflow.model.task import TaskInstance

SEQUENTIAL: Final = "sequential"
YEAR: Final = 365 * 24 * 3600
ID_LENGTH: Final = 50
"""Characters of a step's id at most: platforms add to it, and some stop at 63."""


@dataclass(frozen=True)
class Step:
    """A task as a platform runs it.

    Attributes:
        name: The task's name, as `dotflow start --task` takes it.
        id: A name that every platform accepts: lower-case letters, digits and dashes,
            a letter first, unique in the plan.
        upstream: The ids of the steps that it waits for.
        explicit: Whether it names what it waits for (`depends_on`): then it does not run
            where one of those has failed. If not, it only comes after them.
        attempts: How often the platform runs it at most.
        delay: Seconds before the second attempt.
        backoff: Whether the delay doubles after every further attempt.
        max_delay: The longest delay in seconds; None for no bound.
        jitter: The part of each delay that is random, 0 to 1.
        timeout: Seconds that an attempt may take; 0 for no bound.
        mapped: Whether its step runs once for each item, with attempts of its own for
            each: to the platform it is one attempt.
    """

    name: str
    id: str
    upstream: tuple[str, ...] = ()
    explicit: bool = False
    attempts: int = 1
    delay: float = 1.0
    backoff: bool = False
    max_delay: float | None = None
    jitter: float = 0.0
    timeout: float = 0.0
    mapped: bool = False

    def delays(self) -> list[float]:
        """Return the seconds to wait after each attempt but the last, without jitter."""
        return [self._delay_after(number) for number in range(1, self.attempts)]

    def whole_delay(self) -> int:
        """Return the first delay in whole seconds, rounded up: 1 at least, a year at most."""
        return max(1, math.ceil(min(YEAR, self._delay_after(1))))

    def longest_delay(self) -> float:
        """Return the seconds before the last attempt, without jitter: a year at most."""
        return min(YEAR, self._delay_after(max(1, self.attempts - 1)))

    def limit(self, margin: int) -> int:
        """Return the whole seconds after which a platform ends an attempt; 0 for none.

        The step's own timeout is kept by the process that runs it, to the moment. The
        platform's is there for a process that hangs, and has to allow for its start.

        Args:
            margin: Seconds that the start of a process may take there.
        """
        return math.ceil(self.timeout) + margin if self.timeout else 0

    def _delay_after(self, attempt: int) -> float:
        delay = (
            self.delay * 2.0 ** min(attempt - 1, 1000) if self.backoff else self.delay
        )
        return delay if self.max_delay is None else min(delay, self.max_delay)


@dataclass(frozen=True)
class Plan:
    """What a compilation starts from.

    Attributes:
        steps: The steps, each after those that it waits for.
        mode: The mode of `DotFlow.start` whose edges these are.
        keep_going: Whether a step runs although the one before it has failed.
        explicit: Whether any task names what it waits for. Then a failure keeps every
            task from starting, unless `keep_going`; else only those of its chain.
        notes: What a platform does otherwise than `DotFlow.start`, a sentence each.
        params: Arguments of the factory, `key=value` as `--param` takes them.
    """

    steps: tuple[Step, ...]
    mode: str = SEQUENTIAL
    keep_going: bool = False
    explicit: bool = False
    notes: tuple[str, ...] = ()
    params: tuple[str, ...] = ()

    def by_id(self) -> dict[str, Step]:
        """Return the steps by their ids."""
        return {step.id: step for step in self.steps}

    def options(self) -> dict[str, str | bool]:
        """Return what a runner of one task has to be told beside the task, if anything."""
        told: dict[str, str | bool] = {}
        if self.mode != SEQUENTIAL:
            told["mode"] = self.mode
        if self.keep_going:
            told["keep_going"] = True
        return told

    def arguments(self) -> list[str]:
        """Return the same as options of `dotflow start --task`."""
        told = [f"--param={param}" for param in self.params]
        told += [] if self.mode == SEQUENTIAL else [f"--mode={self.mode}"]
        return [*told, "--keep-going"] if self.keep_going else told


def read_plan(
    flow: DotFlow, *, mode: str = SEQUENTIAL, keep_going: bool = False
) -> Plan:
    """Return the plan of a workflow; runs none of its tasks.

    Args:
        flow: The workflow. To have one, its factory was called: what that does at once,
            as to open a storage, has happened.
        mode: As in `DotFlow.start`: what follows what where no task says so.
        keep_going: As in `DotFlow.start`.

    Raises:
        NotCompilable: There is no task, or one has a name that cannot be told.
        DotflowError: The tasks form no graph, or there is no such mode.
    """
    graph = find_mode(mode, flow.task.queue).compile(flow.task.queue)
    if not graph.tasks:
        raise NotCompilable(None, "it has no tasks.")
    ids = safe_ids([_checked(task.name) for task in graph.tasks])
    order = graph.in_order()
    steps = [
        _step(
            graph.tasks[node],
            ids[node],
            tuple(ids[up] for up in graph.upstream[node]),
        )
        for node in order
    ]
    notes = [note for task in graph.tasks for note in _notes(task)]
    return Plan(tuple(steps), mode, keep_going, graph.explicit, tuple(notes))


def safe_ids(names: Sequence[str]) -> list[str]:
    """Return ids for names: readable, safe on every platform, and different.

    Args:
        names: Any texts, all different.
    """
    taken: set[str] = set()
    found = []
    for name in names:
        base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "step"
        if not base[0].isalpha():
            base = f"step-{base}"
        made = base = base[:ID_LENGTH].rstrip("-")
        number = 1
        while made in taken:
            number += 1
            end = f"-{number}"
            made = base[: ID_LENGTH - len(end)].rstrip("-") + end
        taken.add(made)
        found.append(made)
    return found


def _step(task: TaskInstance, made: str, upstream: tuple[str, ...]) -> Step:
    explicit = task.depends_on is not None
    if task.expansion is not None:
        # What is inside has attempts and timeouts of its own.
        mapped = isinstance(task.expansion, MapOver)
        return Step(task.name, made, upstream, explicit, mapped=mapped)
    policy = task.step.policy
    return Step(
        task.name,
        made,
        upstream,
        explicit,
        attempts=max(1, policy.attempts),
        delay=policy.delay,
        backoff=policy.backoff,
        max_delay=policy.max_delay,
        jitter=policy.jitter,
        timeout=float(task.step.timeout),
    )


def _notes(task: TaskInstance) -> list[str]:
    step, name = task.step, repr(task.name)
    found = []
    if isinstance(task.expansion, MapOver):
        found.append(f"{name} is one step: its items run, and are retried, inside it.")
    elif isinstance(task.expansion, SubWorkflow):
        return []
    elif step.policy.jitter and step.policy.attempts > 1:
        found.append(f"{name}: jitter is left to the platform.")
    if step.limit is not None:
        found.append(
            f"{name}: limit={step.limit!r} holds across steps only where they share"
            " files."
        )
    if step.rate is not None:
        found.append(
            f"{name}: rate={step.rate!r} holds within a step, not across them."
        )
    return found


def _checked(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        name = name.encode(errors="backslashreplace").decode()
        raise NotCompilable(None, f"the name {name} is no text.") from None
    if "\0" in name:
        raise NotCompilable(
            None, f"the name {name!r} cannot be an argument of a command."
        )
    return name
