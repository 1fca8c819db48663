"""`HeadedRecords`: the base of storages that keep each record under a name of its own."""

from __future__ import annotations

import time
from abc import abstractmethod
from contextlib import contextmanager, suppress
from typing import Any

from dotflow.abc.storage import Fence, SwappingStorage, check_ttl, is_empty
from dotflow.codec.codec import Codec, holds, read_header
from dotflow.errors import DecodeError
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import ClassVar


class HeadedRecords(SwappingStorage):
    """A storage of records whose first line tells whose they are and when they end.

    So a listing, a fingerprint or an owner is found without reading a value. A ttl is
    measured by the wall clock, the only one that another process, another machine or a
    reboot agrees on.
    """

    fenced = True
    _unit: ClassVar[str]
    """What a user deletes to be rid of a damaged record, as `file`."""
    _codec: Codec

    @property
    def codec_name(self) -> str:
        """Which codec is used; see `Storage.codec_name`."""
        return self._codec.name

    @abstractmethod
    def _name_of(self, key: str) -> str:
        """Return the name that a key's record is kept under."""

    @abstractmethod
    def address(self, name: str) -> str:
        """Return what a user knows a record by."""

    @abstractmethod
    def _read_record(self, name: str) -> bytes | None:
        """Return a record, None where there is none."""

    @abstractmethod
    def read_header(self, name: str) -> dict[str, Any] | None:
        """Return the short fields of a record, None where there is none.

        Raises:
            DecodeError: It is damaged.
        """

    def get(self, key: str) -> Context:
        """Return the stored context, or an empty one; see `Storage.get`."""
        name = self._name_of(key)
        record = self._read_record(name)
        if record is None:
            return Context()
        with self._reading(name):
            if is_past(read_header(record)):
                return Context()
            return self._codec.decode_context(record)

    def get_fingerprint(self, key: str) -> str | None:
        """Return a key's fingerprint; see `Storage.get_fingerprint`."""
        header = self.read_header(self._name_of(key))
        if header is None or is_past(header):
            return None
        fingerprint: str | None = header.get("fingerprint")
        return fingerprint

    def record(self, key: str) -> str | None:
        """Return the stored text of a key; see `Storage.record`."""
        found = self._read_record(self._name_of(key))
        with suppress(DecodeError):  # a damaged record may have to be looked at
            if found is not None and is_past(read_header(found)):
                return None
        return None if found is None else found.decode("utf-8", "replace")

    def _encode(
        self,
        key: str,
        context: Context,
        expires_at: float | None,
        fingerprint: str | None,
        **more: str,
    ) -> bytes:
        """Return the record of a context, with `more` fields in its header."""
        extra: dict[str, Any] = {
            "key": key,
            "expires_at": expires_at,
            "fingerprint": context.lineage if fingerprint is None else fingerprint,
        }
        return self._codec.encode_context(context, extra | more).encode() + b"\n"

    def _check(self, fence: Fence | None) -> None:
        """Refuse to write where the fence has fallen.

        Raises:
            LeaseLost: It has.
        """
        if fence is None:
            return
        header = self.read_header(self._name_of(fence.key)) or {}
        if header.get("fingerprint") != fence.token:
            raise fence.lost()

    def _matches(self, record: bytes | None, expected: Context | None) -> bool:
        """Tell whether a swap that expects this context may replace a record."""
        if record is None or is_past(read_header(record)):
            return is_empty(expected)
        if expected is None:
            return False
        try:
            text = record.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"It is not UTF-8 text: {error}") from error
        return holds(self._codec, text, expected.storage)

    def _is_of(self, workflow_id: object, key: str, name: str) -> bool:
        """Tell whether a key that begins as a workflow's does is that workflow's."""
        try:
            owner = (self.read_header(name) or {}).get("workflow_id")
        except DecodeError:
            # Without a second dash the name alone says whose it is, and a damaged
            # record must not stand in the way of starting over.
            if "-" in key[len(f"{workflow_id}-") :]:
                raise
            return True
        return owner is None or owner == str(workflow_id)

    def _hashed_key(self, name: str) -> str | None:
        """Return the key of a record whose name is a hash, None for a stranger's."""
        try:
            key = (self.read_header(name) or {}).get("key")
        except DecodeError:
            return None
        return key if isinstance(key, str) and self._name_of(key) == name else None

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """Name a record that turns out to be damaged, and the way out."""
        try:
            yield
        except DecodeError as error:
            raise DecodeError(
                f"{self.address(name)} cannot be read back. {error} To have its task run"
                f" again, delete the {self._unit}."
            ) from error


def end_of(ttl: float | None) -> float | None:
    """Return when a ttl that begins now is over, in seconds since the epoch."""
    check_ttl(ttl)
    return None if ttl is None or ttl == float("inf") else time.time() + ttl


def is_past(header: dict[str, Any]) -> bool:
    """Tell by its header whether a record has expired."""
    expires_at = header.get("expires_at")
    return expires_at is not None and expires_at <= time.time()
