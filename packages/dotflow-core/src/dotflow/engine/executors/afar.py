"""Attempts whose inputs and large results stay on the workers of a cluster."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dotflow.abc.storage import current_fence
from dotflow.base.guard import STOPS, error_message, guarded, type_name
from dotflow.engine.executors.processes import dumps_inputs
from dotflow.engine.executors.remote import (
    INLINE_BYTES,
    PackedAttempt,
    not_loaded,
    packed_outcome,
    run_packed,
    unpack_outcome,
)
from dotflow.model.context import Context
from dotflow.model.held import Held, HeldContext, HeldParts
from dotflow.report.values import describe

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.abc.storage import Storage
    from dotflow.model.held import Errand
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt

# Whose values tell their size without being pickled.
_SIZED_MODULES = frozenset({"numpy", "pandas", "polars", "pyarrow"})

# Where a value belongs among the inputs: its place, or that and the key of a part of it.
Place = tuple[Any, ...]

_storages: dict[bytes, Storage] = {}


class Shape(NamedTuple):
    """How the inputs of an attempt are put together from values that travel apart.

    Attributes:
        names: The names of the values by which the step may take them; None for no names.
        source: Which of them the previous context has: a name, `"*"` for all by name,
            `""` for one more that follows the others.
        origin: Where the previous context comes from.
    """

    names: tuple[str, ...] | None
    source: str
    origin: tuple[Any, ...]


class Kept(NamedTuple):
    """What is known of a result that has stayed where it was made.

    Attributes:
        kind: The name of its type.
        length: How many items it has, or None.
        stored: Whether its worker has stored it.
        problem: Why it has not, where it tried.
    """

    kind: str
    length: int | None
    stored: bool
    problem: str = ""


def as_it_lies(context: Context) -> Any:
    """Return the value of a context, or what stands for it where it is held."""
    held = context.held if issubclass(type(context), HeldContext) else None  # type: ignore[attr-defined]
    return context.storage if held is None else held


class Parts(NamedTuple):
    """The inputs of an attempt, those that are held apart from the others.

    Attributes:
        shape: How they are put together.
        plain: The values, pickled; None in the place of one that is held.
        places: The places of those that are held.
        held: These.
    """

    shape: Shape
    plain: bytes
    places: tuple[Place, ...]
    held: list[Held]


def parted(attempt: Attempt) -> Parts:
    """Take the inputs of an attempt apart, for an engine that moves what is held.

    Raises:
        NotPicklable: A value that is here cannot be sent.
        DotflowError: One was lost, and no storage has it.
    """
    shape, values = spread(attempt)
    places: list[Place] = []
    held: list[Held] = []

    for place, value in enumerate(values):
        if issubclass(type(value), Held):
            _take_out(values, (place,), places, held)
    plain = dumps_inputs(attempt, values, elsewhere=True)
    return Parts(shape, plain, tuple(places), held)


def _take_out(among: Any, place: Place, places: list[Place], held: list[Held]) -> None:
    """Take what is held out of the last part of a place, and note where it belongs."""
    value = among[place[-1]]
    if not issubclass(type(value), Held):
        return
    if issubclass(type(value), HeldParts):
        among[place[-1]] = parts = value.parts.copy()
        for key in parts if isinstance(parts, dict) else range(len(parts)):
            _take_out(parts, (*place, key), places, held)
    elif value.lost:
        among[place[-1]] = value.fetch()
    else:
        places.append(place)
        held.append(value)
        among[place[-1]] = None


def joined(
    shape: Shape, plain: bytes, places: Sequence[Place], held: Sequence[Any]
) -> tuple[Context, dict[str, Any] | None]:
    """Return the inputs that `parted` has taken apart.

    Args:
        shape: How they are put together.
        plain: The values, pickled.
        places: The places of those that were held.
        held: These values themselves, by now in this worker.
    """
    values = pickle.loads(plain)
    for (*way, key), value in zip(places, held, strict=True):
        among = values
        for step in way:
            among = among[step]
        among[key] = value
    return gathered(shape, values)


def spread(attempt: Attempt) -> tuple[Shape, list[Any]]:
    """Return the inputs of an attempt as values, some of them `Held`."""
    previous, named = attempt.previous, attempt.named
    value = as_it_lies(previous)
    origin = (
        previous.task_id,
        previous.workflow_id,
        previous.kept_time,
        previous.run_id,
        previous.lineage,
    )
    if named is None:
        return Shape(None, "", origin), [value]
    names, values = tuple(named), list(named.values())
    if value is named:
        return Shape(names, "*", origin), values
    for name, one in named.items():
        if one is value:
            return Shape(names, name, origin), values
    return Shape(names, "", origin), [*values, value]


def gathered(
    shape: Shape, values: Sequence[Any]
) -> tuple[Context, dict[str, Any] | None]:
    """Return the inputs that `spread` has taken apart."""
    names, source, origin = shape
    if names is None:
        return Context.of_task(values[0], *origin), None
    named = dict(zip(names, values, strict=False))
    value: Any = named
    if source != "*":
        value = named[source] if source else values[-1]
    return Context.of_task(value, *origin), named


def run_holding(
    packed: PackedAttempt,
    inputs: Any,
    errand: Errand | None,
    *,
    interruptible: bool | None = None,
    send: Callable[[bytes], object] | None = None,
) -> tuple[bytes, Any]:
    """Run an attempt in this worker, and keep a large result here.

    Args:
        packed: The attempt, as for `run_packed`.
        inputs: What it is given, as there; or what is called for it.
        errand: How to store such a result first; None to leave that to the driver.
        interruptible: As for `run_packed`.
        send: As there.

    Returns:
        The news for `read_news`, and the result if it stays, else None.
    """
    if callable(inputs):
        try:
            inputs = inputs()
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - unpickling runs user code
            outcome = not_loaded(packed, error)
            return packed_news(outcome, packed.name), None
    outcome = run_packed(packed, inputs, interruptible=interruptible, send=send)
    value = outcome.value
    large = _is_large(value)
    data = b"" if large else packed_outcome(outcome, packed.name)
    if outcome.failure is not None or not (large or len(data) > INLINE_BYTES):
        return data, None
    if issubclass(type(value), Context):
        value = value.storage
    stored, problem = False, ""
    if errand is not None:
        problem = _store(errand, value, outcome.finished)
        stored = not problem
    news = outcome.without_value()
    news.kept = (*describe(value), stored, problem)
    return packed_outcome(news, packed.name), value


def packed_news(outcome: Outcome, name: str) -> bytes:
    """Return the news of an attempt that leaves no value here; see `packed_outcome`."""
    return packed_outcome(outcome, name)


def read_news(data: bytes, attempt: Attempt) -> tuple[Outcome, Kept | None]:
    """Return the outcome of an attempt, and what is known of a result that stayed."""
    outcome = unpack_outcome(data, attempt)
    kept = getattr(outcome, "kept", None)
    if kept is None or outcome.failure is not None:
        return outcome, None
    return outcome, Kept(*kept)


def hold(outcome: Outcome, held: Held, kept: Kept) -> Outcome:
    """Return an outcome whose result is held."""
    held.stored = kept.stored
    held.problem = kept.problem
    outcome.value = held
    return outcome


def _is_large(value: Any) -> bool:
    if type_name(value).partition(".")[0] not in _SIZED_MODULES:
        return False
    return bool(guarded(lambda: int(value.nbytes) > INLINE_BYTES, False))


def _store(errand: Errand, value: Any, finished: float) -> str:
    """Store a result where it was made; return why that failed, or an empty text.

    Then the driver stores it: it may reach what is out of reach here, and hears itself
    where another run has taken over.
    """
    before = current_fence.set(errand.fence)
    try:
        storage = _storages.get(errand.storage)
        if storage is None:
            _storages.clear()  # that of another run
            storage = _storages[errand.storage] = pickle.loads(errand.storage)
        task_id, workflow_id, run_id, lineage = errand.origin
        context = Context.of_task(
            value, task_id, workflow_id, finished, run_id, lineage
        )
        storage.post(errand.key, context)
    except STOPS:
        raise
    except BaseException as error:  # noqa: BLE001 - a storage may raise anything
        return error_message(error)
    finally:
        current_fence.reset(before)
    return ""
