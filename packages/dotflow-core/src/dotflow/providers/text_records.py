"""`TextRecords`: what storages that keep a text for each key read, and refuse, alike."""

from __future__ import annotations

from abc import abstractmethod

from dotflow.abc.storage import Retention, SwappingStorage, is_empty
from dotflow.codec.codec import Codec, holds, read_header
from dotflow.errors import DecodeError, ProviderError
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.abc.storage import Entry
    from dotflow.types import TTL, Digest


class TextRecords(SwappingStorage):
    """A storage of one record a key, which it reads and, where it is damaged, names.

    Attributes:
        codec: What records are written and read with.
    """

    codec: Codec

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A spilled map's results hold their storage; those stored before the names
        # became public are read as well.
        public = {"_codec": "codec", "_retention": "retention"}
        self.__dict__.update({public.get(name, name): v for name, v in state.items()})

    @property
    def codec_name(self) -> str:
        """Which codec is used; see `Storage.codec_name`."""
        return self.codec.name

    def place(self) -> str:
        """Return what a user knows the storage by."""
        return repr(self)

    def decode(self, key: str, record: str | bytes) -> Context:
        """Return the context of a record.

        Args:
            key: Its key.
            record: The record.

        Raises:
            DecodeError: It is damaged.
        """
        try:
            return self.codec.decode_context(record)
        except DecodeError as error:
            raise self.unreadable(key, error) from error

    def noted_fingerprint(self, key: str) -> str | None:
        """Return the fingerprint that a record itself notes: what its value came from.

        Args:
            key: Its key.

        Raises:
            DecodeError: It is damaged.
        """
        text = self.record(key)
        if text is None:
            return None
        try:
            found: str | None = read_header(text).get("fingerprint")
        except DecodeError as error:
            raise self.unreadable(key, error) from error
        return found

    def holds(self, key: str, record: str | bytes, expected: Context) -> bool:
        """Tell whether a record's value is that of a context.

        Args:
            key: Its key.
            record: The record.
            expected: The context.

        Raises:
            DecodeError: It is damaged.
        """
        try:
            text = record if isinstance(record, str) else record.decode()
            return holds(self.codec, text, expected.storage)
        except (DecodeError, UnicodeDecodeError) as error:
            raise self.unreadable(key, error) from error

    def unreadable(self, key: str, error: Exception) -> DecodeError:
        """Return the error that names a damaged record, and the way out.

        Args:
            key: Its key.
            error: What is wrong with it.
        """
        return DecodeError(
            f"The key {key!r} of {self.place()} cannot be read back. {error} To have its"
            " task run again, delete the key."
        )


class ServedRecords(TextRecords):
    """Records on a server, which replaces one for whoever knows what it is.

    No lock is held for a swap: the value is compared here, and replaced there if its
    record is still the one that was compared.

    Args:
        codec: How values are written, `"json"` or `"pickle"`.
        timeout: How long a call may take, in seconds.
        keep_runs: How many of the newest runs the history keeps; None for all.
        keep_days: After how many days it forgets a run; None for never.

    Raises:
        ProviderError: `timeout` is not more than 0.
        ValueError: There is no such codec, or a number is out of range.
    """

    shared = True
    fenced = True

    def __init__(
        self, codec: str, timeout: float, keep_runs: int | None, keep_days: float | None
    ) -> None:
        if not timeout > 0:
            name = type(self).__name__
            raise ProviderError(
                f"{name}(timeout={timeout!r}): use more than 0 seconds."
            )
        self.codec = Codec.named(codec)
        self.retention = Retention(keep_runs, keep_days)

    @abstractmethod
    def _read(self, key: str) -> str | bytes | None:
        """Return the record of a key, None where there is none."""

    @abstractmethod
    def _row(self, context: Context, ttl: TTL, fingerprint: Digest) -> tuple[Any, ...]:
        """Return what the server is sent to store."""

    @abstractmethod
    def _replace(self, key: str, found: Any, row: tuple[Any, ...]) -> bool:
        """Store a row if the key still has the record that was found, or still none.

        Raises:
            StorageError: Also where the connection is lost at the very moment, and it
                is not known whether it took place.
        """

    def get(self, key: str) -> Context:
        """Return the stored context, or an empty one; see `Storage.get`."""
        record = self._read(key)
        return Context() if record is None else self.decode(key, record)

    def _swap(self, key: str, expected: Context | None, new: Entry) -> bool:
        row = self._row(*new)
        while True:
            # Reading first also proves the connection, just before what must not be
            # done twice.
            found = self._read(key)
            if found is None:
                return is_empty(expected) and self._replace(key, None, row)
            if expected is None or not self.holds(key, found, expected):
                return False
            if self._replace(key, found, row):
                return True
            # Somebody has written since; perhaps an equal value in another record.
