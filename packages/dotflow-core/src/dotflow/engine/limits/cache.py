"""`ResultCache`: results of steps by what they depend on, kept across runs."""

from __future__ import annotations

from dotflow.errors import InvalidTask, StorageError
from dotflow.model.fingerprint import value_fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.abc.storage import Storage
    from dotflow.model.action import Action
    from dotflow.model.context import Context
    from dotflow.model.task import Attempt

_PREFIX = "cache-"


class ResultCache:
    """Finds and keeps the results of steps with `@action(cache=True)`.

    Args:
        storage: Where they are kept, under keys that begin with `cache-`.
        refresh: Compute everything again, and keep the new results.
    """

    def __init__(self, storage: Storage, refresh: bool) -> None:
        self._storage = storage
        self._refresh = refresh

    def find(self, attempt: Attempt) -> Context | None:
        """Return the kept result of the same code on the same inputs, or None.

        Raises:
            StorageError: The storage failed.
            InvalidTask: The inputs cannot be compared.
        """
        if self._refresh:
            return None
        found = self._storage.get(self._key(attempt))
        return found if found.task_id or found.storage is not None else None

    def keep(self, attempt: Attempt, result: Context) -> None:
        """Keep a result, for `cache_ttl` seconds where the step has one.

        Raises:
            StorageError: The storage failed, or cannot hold the result.
        """
        ttl = attempt.task.step.cache_ttl
        key = self._key(attempt)
        if ttl is None:
            self._storage.post(key, result)
        else:
            self._storage.post(key, result, ttl)

    def _key(self, attempt: Attempt) -> str:
        step = attempt.task.step
        inputs = step.inputs(attempt.task, attempt.previous, attempt.named)
        try:
            chosen = step.cache_key(**inputs) if step.cache_key else inputs
        except Exception as error:
            raise StorageError(
                f"The cache_key of task '{attempt.task.name}' failed:"
                f" {type(error).__name__}: {error}"
            ) from error
        try:
            return _PREFIX + value_fingerprint([_code_of(step), chosen])
        except TypeError as error:
            raise InvalidTask(
                f"The inputs of task '{attempt.task.name}' cannot be compared with those"
                f" of other runs: {error} Give cache_key=…, a function of the inputs that"
                " returns plain values, beside cache=True."
            ) from error


def _code_of(step: Action[..., Any]) -> list[Any]:
    """Return what changes with the step's code: its name, and its source or bytecode.

    The source is the same under every Python; where there is none, the bytecode must do.
    """
    import inspect

    from dotflow.base.parameters import unwrapped

    function: Any = unwrapped(step.func)
    code: Any
    try:
        code = inspect.getsource(function)
    except (OSError, TypeError):
        compiled = getattr(function, "__code__", None)
        if compiled is None:
            raise InvalidTask(
                f"cache=True on {step.__qualname__!r}: its code cannot be read,"
                " so a change of it could not be noticed. Wrap it in a def."
            ) from None
        code = [compiled.co_code.hex(), repr(compiled.co_consts), compiled.co_names]
    return [step.__module__, step.__qualname__, code]
