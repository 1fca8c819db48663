"""How a durable state store writes results."""

from __future__ import annotations

import pickle
from typing import Any, Protocol

from dotflow.codec.codec import Codec
from dotflow.errors import DecodeError, EncodeError


class Serializer(Protocol):
    """Turns a value into what a database can hold, and back."""

    def dumps(self, value: Any) -> str | bytes:
        """Write a value."""

    def loads(self, data: Any) -> Any:
        """Read what `dumps` wrote."""


class JsonSerializer:
    """Writes JSON in which types survive; refuses what has no JSON form."""

    def __init__(self) -> None:
        self._codec = Codec.named("json")

    def dumps(self, value: Any) -> str:
        """Write a value.

        Raises:
            EncodeError: It has no JSON form.
        """
        return self._codec.encode(value)

    def loads(self, data: Any) -> Any:
        """Read a value.

        Raises:
            DecodeError: The text is damaged.
        """
        return self._codec.decode(data)


class PickleSerializer:
    """Writes pickles; whoever can write the file can then run code in the reader."""

    def dumps(self, value: Any) -> bytes:
        """Write a value.

        Raises:
            EncodeError: It cannot be pickled.
        """
        try:
            return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            kind = type(value)
            raise EncodeError(
                f"{kind.__module__}.{kind.__qualname__}",
                f"It has no pickle: {error}. Return plain data, or a path to it.",
            ) from error

    def loads(self, data: Any) -> Any:
        """Read a value.

        Raises:
            DecodeError: The pickle is damaged, or names what is not there.
        """
        try:
            return pickle.loads(data)
        except Exception as error:
            raise DecodeError(f"The stored pickle cannot be read: {error}") from error


class AnySerializer(JsonSerializer):
    """Writes JSON where it can, else a pickle, as a `SQLiteStateStore` does by itself."""

    def __init__(self) -> None:
        self._codec = Codec.named("pickle")
