"""Fingerprints: of the inputs of a run, of a value, of the code of a step.

Each is the same in every process for what is the same; `ValueIdentity` says what that is.
"""

from __future__ import annotations

# The rule of 1.x and 2.0.0a2, which records and users' own scripts still go by.
from dotflow.model.former_fingerprint import fingerprint_of as fingerprint_of
from dotflow.model.former_fingerprint import input_fingerprint as input_fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from dotflow.model.value_identity import Held

# A record says by which rule its fingerprint was made: those before have no sign.
_RULE = "2:"

# The modules of locks and the like, which hold nothing that a result could depend on. What
# closes over one is told by its type; as an input one is refused, for nobody gives it for
# nothing.
_VALUELESS = (
    "_thread.",
    "threading.",
    "_queue.",
    "_contextvars.",
    "asyncio.locks.",
    "multiprocessing.synchronize.",
)


def inputs_fingerprint(values: Sequence[Any]) -> str:
    """Return the fingerprint of the inputs of a run, for `same_inputs` to compare.

    The order of a dictionary is no part of it, but that of an `OrderedDict` is: two of
    them in another order are not equal. What has no state to compare counts by its type.

    Args:
        values: What the tasks were given, in their order; None for nothing.
    """
    from dotflow.model.value_identity import ValueIdentity

    return _RULE + ValueIdentity(ordered=False, opaque=None).hex(list(values))


def same_inputs(stored: str, values: Sequence[Any]) -> bool:
    """Say whether inputs are those of which a fingerprint was stored.

    It is compared by the rule that it was made by, so a record of an earlier version
    matches what it matched then.

    Args:
        stored: What `inputs_fingerprint`, or an earlier version, has returned.
        values: The inputs now.
    """
    if stored.startswith(_RULE):
        return stored == inputs_fingerprint(values)
    return stored == fingerprint_of(list(values))


def value_fingerprint(value: Any) -> str:
    """Return the SHA-256 of any value, as 64 hexadecimal digits.

    The order of a dictionary is part of it: a step may go by it.

    Raises:
        TypeError: The value contains an object whose state cannot be read, so that two
            different ones could not be told apart: a generator, an open file, a lock.
    """
    from dotflow.model.value_identity import ValueIdentity

    return ValueIdentity().hex(value)


def code_fingerprint(
    function: Callable[..., Any],
    held: Held | None = None,
    *,
    any_object: bool = False,
) -> str:
    """Return the SHA-256 of what a callable does, as far as it can be known.

    That is its bytecode with its constants, and the values of its closure, its defaults,
    the object it is bound to and the arguments of a partial; of what it wraps or closes
    over as well, and of the methods of a class. What it finds in its module by name,
    globals and imports, is not looked into.

    Args:
        function: The callable.
        held: Hears of each value that it holds, and may say what that counts as.
        any_object: Whether what has no state to compare counts by its type.

    Raises:
        TypeError: It holds an object whose state cannot be read.
    """
    from dotflow.model.value_identity import ValueIdentity

    opaque = None if any_object else _VALUELESS
    return ValueIdentity(opaque=opaque, held=held, root=function).hex(function)


def held_token(value: Any) -> bytes:
    """Return what `code_fingerprint` tells of a value that a callable holds."""
    from dotflow.model.value_identity import ValueIdentity

    return ValueIdentity(opaque=None).of(value)
