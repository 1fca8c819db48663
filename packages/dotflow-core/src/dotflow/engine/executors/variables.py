"""Context variables that go with attempts to other processes, as far as these know them.

A variable has no pickle: it is known by the module that it is a name of. What no importable
module has, or whose value cannot be pickled, is left out, which is said once a run.
"""

from __future__ import annotations

import pickle
import sys
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dotflow.base.guard import STOPS, told
from dotflow.engine.executors.transport import dumps
from dotflow.logging import logger, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    # The module, the name in it, and the value, pickled.
    Sent = tuple[str, str, bytes]

# How the names of dotflow's own variables begin.
_OWN = "dotflow_"


def packed_variables() -> bytes | None:
    """Return the context variables that are set here, for `variables_set`."""
    # Without dotflow's own: where there are no others, no module is searched for them.
    context = {v: x for v, x in copy_context().items() if not v.name.startswith(_OWN)}
    names = _names_of(set(context))
    sent: list[Sent] = []
    left: list[str] = []
    for variable, value in context.items():
        module, name = names.get(variable, ("", ""))
        if module.startswith("dotflow.") and not module.startswith("dotflow.testing."):
            continue  # what they say of a run is that of the worker's own
        try:
            if module in ("", "__main__"):
                raise LookupError("no module that could be imported has it")
            sent.append((module, name, dumps(value, elsewhere=True)))
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - pickling runs user code
            left.append(f"{variable.name} ({told(error)})")
    if left:
        logger.info("Steps elsewhere do not see context variables: %s", "; ".join(left))
    return pickle.dumps(sent) if sent else None


@contextmanager
def variables_set(packed: bytes) -> Iterator[None]:
    """Have context variables set in this process, as far as it knows them.

    Args:
        packed: What `packed_variables` has returned.
    """
    tokens: list[tuple[ContextVar[Any], Any]] = []
    for module, name, value in pickle.loads(packed):
        try:
            variable = getattr(import_module(module), name)
            tokens.append((variable, variable.set(pickle.loads(value))))
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - unpickling runs user code
            warn(
                "The context variable %s.%s is not seen here", module, name, error=error
            )
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)


def _names_of(
    variables: set[ContextVar[Any]],
) -> dict[ContextVar[Any], tuple[str, str]]:
    """Return the module and the name of each variable that some module has."""
    found: dict[ContextVar[Any], tuple[str, str]] = {}
    if not variables:
        return found
    for module, loaded in list(sys.modules.items()):
        for name, value in list(getattr(loaded, "__dict__", {}).items()):
            if type(value) is not ContextVar or value not in variables:
                continue
            # Any module will do that others can import.
            if found.get(value, ("__main__",))[0] == "__main__":
                found[value] = (module, name)
    return found
