"""What arguments are made of: callbacks, objects by their dotted path, bounds.

One module, since every workflow needs each of them and each further file costs time.
"""

from __future__ import annotations

import importlib
import os
import sys

from dotflow.base.parameters import parameters_of
from dotflow.errors import (
    ImportModuleError,
    InvalidTask,
    NotCallableObject,
    ProviderError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def basic_callback(*args: Any, **kwargs: Any) -> None:
    """Accept whatever a callback is called with and do nothing."""


def basic_function(*args: Any, **kwargs: Any) -> None:
    """Accept any arguments and do nothing."""


class Module:
    """Import `"package.module.attribute"` or `"package.module:attribute"`.

    Called with anything but a string, it returns the value itself. The current
    directory is importable, as it is for `python -m`, and `src` in it where the module is
    there.

    Raises:
        ImportModuleError: The path leads nowhere. An error that the imported code raises
            passes through as it is.
    """

    def __new__(cls, value: Any) -> Any:
        """Return the object that `value` names."""
        return import_path(value) if isinstance(value, str) else value


def import_path(path: str) -> Any:
    """Return the object at a dotted path; see `Module`."""
    module_name, separator, attribute = path.partition(":")
    if not separator:
        module_name, _, attribute = path.rpartition(".")
    if not module_name or not attribute:
        raise ImportModuleError(path, "write it as 'module.attribute'")
    found: Any = _import(module_name, path)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ImportModuleError(
                path, f"{module_name!r} has no attribute {attribute!r}"
            ) from None
    return found


def _import(name: str, path: str) -> Any:
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if _is_below_src(here, name):
            return _import(name, path)
        # A module missing *inside* the user's code is their error to see.
        if error.name is None or not (
            name == error.name or name.startswith(f"{error.name}.")
        ):
            raise
        raise ImportModuleError(path, f"there is no module {error.name!r}") from None


def _is_below_src(here: str, name: str) -> bool:
    """Make `src` importable where it has the module and was not importable before."""
    source = os.path.join(here, "src")
    first = os.path.join(source, name.partition(".")[0])
    found = os.path.isdir(first) or os.path.isfile(f"{first}.py")
    if not found or source in sys.path:
        return False
    sys.path.insert(0, source)
    return True


def output_folder() -> str:
    """Return where files go whose place nobody has said: `DOTFLOW_OUTPUT_PATH`."""
    return os.environ.get("DOTFLOW_OUTPUT_PATH", "").strip() or ".output"


def check_count(name: str, value: Any) -> int | None:
    """Return a bound on how many.

    Raises:
        InvalidTask: It is no whole number from 1 on, nor None.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and value >= 1):
        raise InvalidTask(f"{name}={value!r}: give a whole number, 1 or more, or None.")
    return None if value is None else int(value)


def check_seconds(name: str, value: Any) -> float | None:
    """Return a bound on a time.

    Raises:
        InvalidTask: It is no number above 0, nor None.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (number and value > 0):
        raise InvalidTask(
            f"{name}={value!r}: give a number of seconds above 0, or None."
        )
    return None if value is None else float(value)


def check_sizes(limits: Any) -> dict[str, int]:
    """Return the sizes of named limits.

    Raises:
        InvalidTask: They are no dictionary of whole numbers from 1 on.
    """
    if limits is not None and not isinstance(limits, dict):
        raise InvalidTask(f"limits={limits!r}: give a dict of names and whole numbers.")
    for name in limits or ():
        checked_limit(name)
    return {
        name: check_count(f"limits[{name!r}]", size) or 1
        for name, size in (limits or {}).items()
    }


def check_choice(what: str, name: str, value: object, known: Sequence[str]) -> None:
    """Refuse an argument that is none of the known words.

    Raises:
        ProviderError: It is none; the message names it and them.
    """
    if value not in known:
        from dotflow.base.suggest import hint

        choices = ", ".join(map(repr, known))
        meant = hint(str(value), known)
        raise ProviderError(f"{what}({name}={value!r}):{meant} use one of {choices}.")


def checked_limit(name: Any) -> str | None:
    """Return the name of a limit.

    Raises:
        InvalidTask: It is no text, or an empty one, nor None.
    """
    if name is not None and (not isinstance(name, str) or not name):
        raise InvalidTask(
            f"limit={name!r}: the name of a limit is a text; how many may hold it says"
            " the run, as start(limits={name: 3})."
        )
    return name


def check_accepts(what: str, callback: Callable[..., Any], name: str) -> None:
    """Check that a callback takes the one argument that it is given by name.

    Raises:
        NotCallableObject: It does not, or it requires others.
    """
    found = parameters_of(callback)
    others = [one for one in found.required if one != name and one not in found.behind]
    named = name in found.names and name not in found.by_place
    if others or not (named or found.takes_more):
        asked = ", ".join(map(repr, others)) or "nothing of that name"
        raise NotCallableObject(
            getattr(callback, "__qualname__", type(callback).__qualname__),
            f"a callable that accepts {name}=, since {what} is called with it; this one"
            f" requires {asked}",
        )


def refuse_address(what: str, path: str | os.PathLike[str]) -> None:
    """Refuse an address where a path is expected.

    Raises:
        ProviderError: It is one; no more of it is told than its scheme, since it may
            hold a password.
    """
    scheme, separator, rest = os.fspath(path).partition(":")
    own = bool(separator) and what.lower() == f"storage{scheme}"
    if own or rest.startswith("//"):
        better = f"{what}({rest.lstrip('/')!r})" if own else f'{what}("…")'
        raise ProviderError(
            f"{what} takes a path, not an address as {scheme}:…: write {better}, or make"
            " the storage of the address with"
            " dotflow.providers.storage_url.storage_from_url(…)."
        )
