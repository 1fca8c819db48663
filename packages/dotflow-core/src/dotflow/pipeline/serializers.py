"""How a durable state store writes results."""

from __future__ import annotations

import pickle
from typing import Any, Protocol

from dotflow.base.guard import STOPS, error_message
from dotflow.codec.codec import Codec
from dotflow.codec.pickles import pickle_data
from dotflow.errors import DecodeError


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
            EncodeError: It cannot be pickled, or not be read back.
        """
        return pickle_data(value)

    def loads(self, data: Any) -> Any:
        """Read a value.

        Raises:
            DecodeError: The pickle is damaged, or names what is not there.
        """
        try:
            return pickle.loads(data)
        except STOPS:
            raise
        except BaseException as error:
            said = error_message(error)
            raise DecodeError(f"The stored pickle cannot be read: {said}") from error


class AnySerializer(JsonSerializer):
    """Writes JSON where it can, else a pickle, as a `SQLiteStateStore` does by itself."""

    def __init__(self) -> None:
        self._codec = Codec.named("pickle")
