"""Pickles for other processes, which may not have what only this one defines.

Imported in the child of a spawn as well, so it stays small.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType
    from typing import Any

    from dotflow.engine.executors.large import BuffersApart

EXTRA = "pip install dotflow-core[cloudpickle]"


def dumps(value: Any, elsewhere: bool = False) -> bytes:
    """Pickle a value; by value what another process cannot import, if cloudpickle is there.

    Args:
        value: The value.
        elsewhere: Whether that process has another `__main__`, as a worker of a cluster.

    Raises:
        Exception: Whatever pickling raises, which runs code of the user's.
    """
    import pickle

    if not main_is_importable() and cloudpickle() is not None:
        # A reference to `__main__` would be made here, and lead nowhere there.
        return by_value(value)
    try:
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception:
        if cloudpickle() is None:
            raise
        return by_value(value)
    # The bytes may stand in a text as well: by value it arrives just the same.
    if elsewhere and b"__main__" in data and cloudpickle() is not None:
        return by_value(value)
    return data


def dumps_back(
    value: Any, elsewhere: bool = False, apart: BuffersApart | None = None
) -> bytes:
    """Pickle a result for the process that has sent the step.

    By reference where that is possible: a class is then the same as there.

    Args:
        value: The result.
        elsewhere: As of `dumps`.
        apart: Takes its large buffers; None to have them in the pickle.

    Raises:
        Exception: As `dumps`.
    """
    import pickle

    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL, buffer_callback=apart)
    except Exception:
        if apart is not None:
            apart.found.clear()
        if (main_is_importable() and not elsewhere) or cloudpickle() is None:
            raise
        return by_value(value)


def by_value(value: Any) -> bytes:
    """Pickle a value with the code that it needs, by cloudpickle."""
    from io import BytesIO

    from dotflow.model.action import Action, by_parts

    base: Any = cloudpickle()
    # With those that the user has told cloudpickle to send so.
    modules = {"__main__", *base.list_registry_pickle_by_value()}

    class Pickler(base.Pickler):  # type: ignore[misc]
        def reducer_override(self, value: Any) -> Any:
            # A step of a pipeline has a pickle of its own, which takes its function so.
            kind = type(value)
            own = issubclass(kind, Action) and kind.__reduce__ is Action.__reduce__
            if own and value.__module__ in modules:
                return by_parts(value)
            return super().reducer_override(value)

    with BytesIO() as file:
        Pickler(file).dump(value)
        return file.getvalue()


def main_is_importable() -> bool:
    """Say whether a process that is not forked finds what `__main__` defines.

    It does in a script and under `python -m`, and not in a notebook, at a prompt, under
    `python -c` or where the program comes from the standard input.
    """
    main = sys.modules.get("__main__")
    if getattr(getattr(main, "__spec__", None), "name", None) is not None:
        return True
    file = getattr(main, "__file__", None)
    return file is not None and not str(file).startswith("<")


@contextmanager
def main_as_it_is() -> Iterator[None]:
    """Keep `multiprocessing` from looking for the file `<stdin>`, which there is none of.

    Only one thread at a time may be in it.
    """
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    if main is None or file is None or main_is_importable():
        yield
        return
    del main.__file__
    try:
        yield
    finally:
        main.__file__ = file


def knows_step(step: Any) -> bool:
    """Say whether another process could have a step: imported, or by value."""
    if step.__module__ != "__main__" or main_is_importable():
        return True
    return cloudpickle() is not None


def cloudpickle() -> ModuleType | None:
    """Return the module cloudpickle; None where it is not installed."""
    from importlib import import_module

    try:
        return import_module("cloudpickle")
    except ImportError:
        return None
