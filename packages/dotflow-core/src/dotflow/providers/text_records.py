"""`TextRecords`: what storages that keep a text for each key read, and refuse, alike."""

from __future__ import annotations

from dotflow.codec.codec import holds, read_header
from dotflow.errors import DecodeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dotflow.codec.codec import Codec
    from dotflow.model.context import Context


class TextRecords:
    """A mixin of storages, which reads records and names those that are damaged.

    Attributes:
        codec: What records are written and read with.
    """

    codec: Codec
    record: Callable[[str], str | None]

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A spilled map's results hold their storage; those stored before the names
        # became public are read as well.
        public = {"_codec": "codec", "_retention": "retention"}
        self.__dict__.update({public.get(name, name): v for name, v in state.items()})

    @property
    def codec_name(self) -> str:
        """Which codec is used; see `Storage.codec_name`."""
        return self.codec.name

    def key(self, task: Any) -> str:
        """Return `task.checkpoint_key`: `<workflow_id>-<name>`."""
        key: str = task.checkpoint_key
        return key

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
