"""`ValueIdentity`: what makes two values the same, whichever process they are in."""

from __future__ import annotations

import copyreg
from collections import OrderedDict
from types import MappingProxyType

from dotflow.base.guard import STOPS, class_name
from dotflow.model.callable_identity import (
    call_of,
    callable_name,
    callable_parts,
    each,
    wrapped_by,
)
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from dotflow.model.callable_identity import Parts

    # Is told of a value that a callable holds, and its token; returns what it counts as.
    Held = Callable[[Any, bytes], bytes]

_LEAVES = frozenset((type(None), bool, int, float, complex, str))
_TEXT = frozenset((str,))
# A token that is no longer is as good as its digest.
_SHORT = 128
# A kind of view has no state of its own that could be pickled.
_VIEWS = tuple(type(getattr({}, of)()) for of in ("keys", "values", "items"))


class ValueIdentity:
    """Makes of a value a token that is equal where the values are the same.

    Types count: a tuple is no list, `1` is not `"1"`, `True` or `1.0`. The order of a set
    does not. An object counts by its type and its state, as pickling would see it, a
    callable by what it does. That parts are shared does not count, except in a value
    that contains itself. Nothing depends on memory addresses or hash seeds, and values of
    any depth have a token: what is still to do is on a stack of its own.

    User code runs where an object tells its state, and only there; what it raises makes
    the object one without state.

    Args:
        ordered: Whether the order of a dictionary counts. That of an `OrderedDict` does
            always.
        opaque: The modules, with a dot, of whose types an object without a state counts
            by its type; None for all. Any other is refused.
        held: Hears of what callables hold.
        root: The class whose methods count as if it had no name to be found by.
    """

    def __init__(
        self,
        *,
        ordered: bool = True,
        opaque: tuple[str, ...] | None = (),
        held: Held | None = None,
        root: Any = None,
    ) -> None:
        import hashlib

        self._sha256 = hashlib.sha256
        self.ordered = ordered
        self.held = held
        self.root = root
        self._opaque = opaque
        # By the id of a value, which is kept lest another one gets its id.
        self._path: dict[int, int] = {}
        self._known: dict[int, tuple[Any, bytes]] = {}
        self._entered = 0
        self._low = 0

    def hex(self, value: Any) -> str:
        """Return the SHA-256 of a value's token.

        Raises:
            TypeError: It contains an object without a state to compare.
        """
        return self._sha256(self.of(value)).hexdigest()

    def of(self, value: Any) -> bytes:
        """Return the token of a value; raises as `hex` does."""
        token = self.at_once(value)
        if token is not None:
            return token
        stack: list[tuple[Any, Parts, int, int]] = []
        self._path, self._low = {}, 0
        pending = value
        while True:
            if token is None:
                self._path[id(pending)] = len(stack)
                stack.append((pending, self._parts(pending), self._entered, self._low))
                # The lowest place on the path that what is inside leads back to.
                self._low = len(stack)
                self._entered += 1
            whole, parts, number, low = stack[-1]
            try:
                pending = parts.send(token)  # type: ignore[arg-type]  # None begins it
            except StopIteration as end:
                made: bytes = end.value
                stack.pop()
                self._leave(whole, made, number, len(stack))
                self._low = min(low, self._low)
                if not stack:
                    return made
                token = made
            else:
                token = self.at_once(pending)

    def _leave(self, value: Any, token: bytes, number: int, place: int) -> None:
        del self._path[id(value)]
        if self._low < place:
            # It leads back to what it is in, so seen from elsewhere it is another one.
            # Its number stands for it: to go through it each time might never end.
            token = b"again %d" % number
        self._known[id(value)] = (value, token)

    def at_once(self, value: Any) -> bytes | None:
        """Return the token of a value that need not be taken apart, else None."""
        kind = type(value)
        try:
            if kind in _LEAVES:
                return ascii(value).encode()
            if kind in _FLAT:
                # Most are rows of plain values: their text is made in one go.
                if kind is dict:
                    if _LEAVES.issuperset(map(type, value)) and _LEAVES.issuperset(
                        map(type, value.values())
                    ):
                        return self._row("dict", self._flat(value))
                elif kind in (list, tuple):
                    if _LEAVES.issuperset(map(type, value)):
                        return self._row(kind.__name__, ascii(value))
                else:
                    return self.digest(kind.__name__, bytes(value))
        except Exception:  # noqa: BLE001 - a metaclass may have a __hash__ that raises
            if kind is int:  # of more digits than may be written
                return hex(value).encode()
        place = self._path.get(id(value))
        if place is not None:
            self._low = min(self._low, place)
            return b"cycle %d" % (len(self._path) - place)
        known = self._known.get(id(value))
        return None if known is None else known[1]

    def _flat(self, value: dict[Any, Any]) -> str:
        if self.ordered:
            return ascii(value)
        if _TEXT.issuperset(map(type, value)):
            return ascii(sorted(value.items()))  # no two keys are equal
        return ascii(sorted(map(ascii, value.items())))

    def _row(self, name: str, text: str) -> bytes:
        token = f"={name} {text}".encode()
        return token if len(token) < _SHORT else b"#" + self._sha256(token).digest()

    def digest(self, name: str, *tokens: bytes) -> bytes:
        """Return the token of a whole, given what it is and the tokens of its parts."""
        text = f"{name}:".encode("utf-8", "surrogatepass")
        text += b"".join([b"%d:%b" % (len(part), part) for part in tokens])
        return b"#" + self._sha256(text).digest()

    def pairs(self, pairs: Iterable[tuple[Any, Any]], ordered: bool) -> Parts:
        """Take the entries of a mapping apart."""
        forms = []
        for key, value in pairs:
            # One after the other: a name would only be seen when both are known.
            key_token = yield key
            value_token = yield value
            forms.append(self.digest("pair", key_token, value_token))
        return self.digest("pairs", *(forms if ordered else sorted(forms)))

    def _parts(self, value: Any) -> Parts:
        kind = type(value)
        try:
            special = _SPECIAL.get(kind)
        except Exception:  # noqa: BLE001 - as in `at_once`
            special = None
        if special is None and issubclass(kind, Context):
            special = _context
        if special is not None:
            return special(self, value)
        parts = callable_parts(self, value)
        return _object(self, value, kind) if parts is None else parts

    def refuse(self, kind: type) -> bytes:
        """Return the token of an object without a state.

        Raises:
            TypeError: Objects of its type have to be told apart.
        """
        name = class_name(kind)
        if self._opaque is not None and not name.startswith(self._opaque):
            raise TypeError(f"An object of type {name} has no state to compare.")
        return self.digest("opaque", name.encode("utf-8", "surrogatepass"))


def _sequence(identity: ValueIdentity, value: Any) -> Parts:
    return identity.digest(type(value).__name__, *(yield from each(identity, value)))


def _set(identity: ValueIdentity, value: Any) -> Parts:
    return identity.digest(
        type(value).__name__, *sorted((yield from each(identity, value)))
    )


def _dict(identity: ValueIdentity, value: Any) -> Parts:
    pairs = yield from identity.pairs(value.items(), identity.ordered)
    return identity.digest(type(value).__name__, pairs)


def _context(_identity: ValueIdentity, value: Context) -> Parts:
    # When it was made, and by whom, is no part of the input.
    return (yield value.storage)


def _view(identity: ValueIdentity, value: memoryview) -> Parts:
    form = yield (value.format, value.shape)
    return identity.digest("memoryview", form, bytes(value))


def _object(identity: ValueIdentity, value: Any, kind: type) -> Parts:
    reduced = _reduced(value, kind)
    wrapped = wrapped_by(value)
    if reduced is None and wrapped is None:
        return identity.refuse(kind)
    tokens = [(yield kind)]
    if reduced is not None:
        tokens.append((yield from _state(identity, value, kind, reduced)))
    inner = (wrapped, call_of(kind))
    tokens += yield from each(identity, (part for part in inner if part is not None))
    return identity.digest("object", *tokens)


def _state(identity: ValueIdentity, value: Any, kind: type, reduced: Any) -> Parts:
    if isinstance(reduced, str):
        return (yield reduced)
    made_by, arguments, state, items, pairs = reduced
    # By its name: its code is that of pickling, and another one in another Python.
    tokens = [(yield callable_name(made_by))]
    for base in (set, frozenset):
        if issubclass(kind, base):  # pickling sees them in the order of this process
            members = yield from each(identity, base.__iter__(value))
            tokens += sorted(members)
            arguments = None
    for part in (arguments, items):
        tokens.append((yield part))
    if type(state) is dict:
        # In which order attributes were assigned is not the value of an object.
        tokens.append((yield from identity.pairs(state.items(), False)))
    else:
        tokens.append((yield state))
    if pairs is not None:
        ordered = not issubclass(kind, dict) or issubclass(kind, OrderedDict)
        tokens.append((yield from identity.pairs(pairs, ordered or identity.ordered)))
    return identity.digest("state", *tokens)


def _reduced(value: Any, kind: type) -> Any:
    """Return what pickling sees of an object: a name, or five parts; None for nothing."""
    try:
        reduce = copyreg.dispatch_table.get(kind)
        reduced = value.__reduce_ex__(4) if reduce is None else reduce(value)
        if isinstance(reduced, str):
            return f"{getattr(value, '__module__', '')}.{reduced}"
        made_by, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        return (
            made_by,
            arguments,
            state,
            None if items is None else list(items),
            None if pairs is None else [(key, item) for key, item in pairs],
        )
    except STOPS:
        raise
    except BaseException:  # noqa: BLE001 - it is user code
        return None


_FLAT = frozenset((list, tuple, dict, bytes, bytearray))
_SPECIAL: dict[type, Callable[[ValueIdentity, Any], Parts]] = {
    list: _sequence,
    tuple: _sequence,
    set: _set,
    frozenset: _set,
    dict: _dict,
    MappingProxyType: _dict,
    memoryview: _view,
    **dict.fromkeys(_VIEWS, _sequence),
}
