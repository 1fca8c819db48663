"""`ObjectStorage`: the base of storages that keep each key in an object of a bucket."""

from __future__ import annotations

import os
from abc import abstractmethod
from contextlib import contextmanager
from typing import Any, NamedTuple

from dotflow.abc.storage import Retention, current_fence
from dotflow.base.at_once import in_threads as in_threads
from dotflow.base.masking import cause_of
from dotflow.codec.codec import Codec, read_header
from dotflow.errors import DecodeError, ProviderError, StorageError
from dotflow.providers._object_names import (
    LONGEST_PREFIX,
    is_hashed,
    key_of,
    name_prefix,
    object_name,
)
from dotflow.providers.headed_records import HeadedRecords, end_of, is_past

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import ClassVar, Self
    from uuid import UUID

    from dotflow.abc.storage import Entry
    from dotflow.history.record_history import RecordHistory
    from dotflow.model.context import Context
    from dotflow.types import TTL, Digest

_HEADER = 4096  # bytes; nearly every header is shorter
_SWAPS = 50  # until a swap gives way to those who keep changing the object
_PACE = 2.0  # seconds; a service may take one write of an object in a second


class StoredObject(NamedTuple):
    """What is read from a bucket."""

    data: bytes
    version: str
    """What a conditional write names: an ETag, a generation number."""


class ObjectStorage(HeadedRecords):
    """Everything of a storage but the client and the five requests to a bucket.

    A subclass writes `connect`, and the methods `read_object`, `write_object`,
    `write_object_if`, `list_objects` and `remove_objects`, which get whole object names
    and raise `StorageError` when the service does not do what it should. Several
    threads may call them at once, and so use one client. Buckets must be strongly
    consistent, as those of S3 and GCS are.

    An expired object is not read, and stays until its key is stored again, deleted or
    cleared.

    Args:
        bucket: The bucket's name.
        prefix: What the names of all objects begin with, up to 300 bytes. Whoever
            shares a bucket needs a prefix of its own.
        codec: `"json"`: never pickle, so that whoever can write to the bucket can not
            run code in the reader. `"pickle"`: JSON, and pickle for what JSON has no
            form for.
        keep_runs: How many of the newest runs the history keeps, in objects of its own;
            None for all, 0 to keep no history.
        keep_days: After how many days it forgets a run; None for never.
        timeout: What the subclass bounds its requests by, in seconds; None where it has
            no such bound.

    Raises:
        ProviderError: The bucket, the prefix or the timeout cannot be one.
        ValueError: There is no such codec, or a number is out of range.
    """

    reach = "network"
    _unit = "object"
    scheme: ClassVar[str]
    """What an address begins with, as `s3` in `s3://bucket/prefix`."""
    url_options: ClassVar[Mapping[str, Callable[[str], Any]]] = {}
    """The arguments that an address may have as its query, with their types."""
    common_options: ClassVar[dict[str, Callable[[str], Any]]] = {
        "codec": str,
        "keep_days": float,
        "keep_runs": int,
        "timeout": float,
    }
    """Those of them that most buckets have."""

    def __init__(
        self,
        bucket: str,
        prefix: str,
        codec: str,
        keep_runs: int | None = 1000,
        keep_days: float | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        if not bucket or "/" in bucket:
            raise ProviderError(
                f"bucket={bucket!r} is no bucket's name: write"
                f' {type(self).__name__}(bucket="my-bucket", prefix="dotflow/").'
            )
        if len(prefix.encode("utf-8", "surrogatepass")) > LONGEST_PREFIX:
            raise ProviderError(f"prefix= is longer than {LONGEST_PREFIX} bytes.")
        if timeout is not None:
            if not timeout > 0:
                raise ProviderError(f"timeout={timeout!r} must be more than 0 seconds.")
            self.timeout = timeout
        self.bucket = bucket
        self.prefix = prefix
        self._codec = Codec.named(codec)
        self.retention = Retention(keep_runs, keep_days)
        self._clients: dict[int, Any] = {}  # by process

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_clients": {}}

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the storage of an address: `s3://bucket/prefix?option=value`.

        Args:
            url: The address. What it names as a prefix is a folder: `a/b` is `a/b/`.

        Raises:
            ProviderError: It is malformed, or has an option that there is not.
        """
        from dotflow.providers._object_url import parse_url

        return cls(**parse_url(cls.__name__, cls.scheme, cls.url_options, url))

    @property
    def history(self) -> RecordHistory:
        """What the bucket remembers of runs; see `Storage.history`."""
        from dotflow.history.record_history import kept_history
        from dotflow.history.records import StorageRecords

        return kept_history(self, StorageRecords(self), _PACE)

    @abstractmethod
    def connect(self) -> Any:
        """Make a client, which has a method `close()`; nothing is made before."""

    def client(self) -> Any:
        """Return this process's client, made at the first call."""
        # No lock, since one that another thread held during a fork would never open
        # again in the child. Two threads may both make a client; one is then used.
        process = os.getpid()
        client = self._clients.get(process)
        if client is None:
            client = self._clients.setdefault(process, self.connect())
        return client

    def close(self) -> None:
        """Close the connections of this process; the next use opens new ones."""
        self.close_history()
        # What a forked child has of its parent's is neither used nor closed.
        client = self._clients.pop(os.getpid(), None)
        if client is not None:
            client.close()

    @abstractmethod
    def read_object(self, name: str, limit: int | None = None) -> StoredObject | None:
        """Return an object, None where there is none.

        Args:
            name: The whole name.
            limit: How many bytes of its beginning are enough.
        """

    def write_object(self, name: str, data: bytes, expires_at: float | None) -> None:
        """Make or replace an object; it is durable when the method returns.

        Args:
            name: The whole name.
            data: The content.
            expires_at: What `list_objects` has to tell of it.
        """
        with self.requests():
            self._put(name, data, expires_at)

    def _put(
        self, name: str, data: bytes, expires_at: float | None, **condition: Any
    ) -> None:
        """Send the request of `write_object`, where a subclass does not override that.

        Args:
            name: As in `write_object`.
            data: The same.
            expires_at: The same.
            condition: What the client is to be asked besides.
        """
        raise NotImplementedError(f"{type(self).__name__} has no write_object().")

    @abstractmethod
    def write_object_if(
        self, name: str, data: bytes, expires_at: float | None, version: str | None
    ) -> bool:
        """Make or replace an object unless it has changed, in one step.

        Args:
            name: The whole name.
            data: The content.
            expires_at: As in `write_object`.
            version: The version to replace. None: there must be no such object.

        Returns:
            Whether it was written. False, too, where that cannot be told: the caller
            looks.
        """

    @abstractmethod
    def list_objects(self, prefix: str) -> Iterable[tuple[str, float | None]]:
        """Return the name of each object that begins so, with when it expires."""

    @abstractmethod
    def remove_objects(self, names: list[str]) -> None:
        """Remove objects, of which some may be gone already."""

    def client_errors(self) -> tuple[type[Exception], ...]:
        """Return the classes of what the client raises; for `requests`."""
        return ()

    def storage_error(self, error: Exception) -> StorageError:
        """Return what to raise in place of one of the client's errors.

        Args:
            error: What was raised.
        """
        return StorageError(f"Cannot use the bucket {self.bucket!r}: {error}")

    @contextmanager
    def requests(self) -> Iterator[Any]:
        """Give the client, and raise `storage_error` for what `client_errors` names."""
        errors = self.client_errors()
        try:
            yield self.client()
        except StorageError:
            raise  # some of them are also a ValueError
        except errors as error:
            raise self.storage_error(error) from cause_of(error)

    def address(self, name: str = "") -> str:
        """Return what a user knows an object by: `s3://bucket/name`."""
        return f"{self.scheme}://{self.bucket}/{name}"

    def post(
        self, key: str, context: Context, ttl: TTL = None, fingerprint: Digest = None
    ) -> None:
        """Store a context durably; see `Storage.post`."""
        expires_at = end_of(ttl)
        name, fence = self._name_of(key), current_fence.get()
        if fence is None:
            data = self._encode(key, context, expires_at, fingerprint)
            self.write_object(name, data, expires_at)
            return
        from dotflow.base.identity import new_ulid

        mark = new_ulid()  # as in `atomic_swap`
        data = self._encode(key, context, expires_at, fingerprint, mark=mark)
        for _ in range(_SWAPS):
            # In this order: who takes over after the check and writes here is not
            # written over, since the version is an older one then.
            found = self.read_object(name, _HEADER)
            if found is not None and mark.encode() in found.data:
                return
            self._check(fence)
            version = None if found is None else found.version
            if self.write_object_if(name, data, expires_at, version):
                return
        raise StorageError(f"{self.address(name)} does not cease to change.")

    def delete(self, key: str) -> bool:
        """Remove a key; see `Storage.delete`.

        Two that delete a key at the same time may both be told that it was there.
        """
        name = self._name_of(key)
        try:
            header = self.read_header(name)
        except DecodeError:
            header = {}  # damaged, and there
        if header is None:
            return False
        # An expired one as well: nothing else would ever remove it.
        self.remove_objects([name])
        return not is_past(header)

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the sorted keys with a prefix; see `Storage.list_keys`."""
        return sorted(key for _, key, live in self._entries(prefix) if live)

    def delete_prefix(self, prefix: str) -> int:
        """Remove every key with a prefix; see `Storage.delete_prefix`.

        Raises:
            ValueError: The prefix is empty, which would remove everything.
        """
        if not prefix:
            raise ValueError(
                "delete_prefix('') would remove every key of every workflow: name a"
                " prefix, or remove the objects with the tools of your cloud."
            )
        # All of them before the first goes: a listing need not survive removals.
        found = list(self._entries(prefix))
        self.remove_objects([name for name, _, _ in found])
        return sum(live for _, _, live in found)

    def clear(self, workflow_id: UUID | str) -> None:
        """Remove the keys of one workflow; see `Storage.clear`."""
        found = list(self._entries(f"{workflow_id}-"))
        mine = in_threads(
            lambda entry: self._is_of(workflow_id, entry[1], entry[0]), found
        )
        names = [entry[0] for entry, is_own in zip(found, mine, strict=True) if is_own]
        self.remove_objects(names)

    def _swap(self, key: str, expected: Context | None, new: Entry) -> bool:
        """Store `new` if the key holds `expected`; see `Storage.atomic_swap`."""
        from dotflow.base.identity import new_ulid

        name = self._name_of(key)
        context, ttl, fingerprint = new
        expires_at = end_of(ttl)
        # An answer may be lost and the request repeated, by the SDK among others. What
        # it then finds changed may be its own doing, which this mark tells.
        mark = new_ulid()
        data = self._encode(key, context, expires_at, fingerprint, mark=mark)
        for _ in range(_SWAPS):
            found = self.read_object(name)
            record = None if found is None else found.data
            with self._reading(name):
                if record is not None and read_header(record).get("mark") == mark:
                    return True
                if not self._matches(record, expected):
                    return False
            # Whoever changes the object from here on makes the write fail; then look again.
            version = None if found is None else found.version
            if self.write_object_if(name, data, expires_at, version):
                return True
        return False

    def check(self) -> None:
        """Ask the service for one name, to find out now whether it answers.

        Raises:
            StorageError: There is no such bucket, no credentials, no permission to
                list its objects, or no answer.
        """
        next(iter(self.list_objects(self.prefix)), None)

    def read_header(self, name: str) -> dict[str, Any] | None:
        """Return the beginning of an object; see `HeadedRecords.read_header`."""
        found = self.read_object(name, _HEADER)
        if found is not None and len(found.data) >= _HEADER and b"\n" not in found.data:
            found = self.read_object(name)
        with self._reading(name):
            return None if found is None else read_header(found.data)

    def _name_of(self, key: str) -> str:
        return self.prefix + object_name(key)

    def _read_record(self, name: str) -> bytes | None:
        found = self.read_object(name)
        return None if found is None else found.data

    def _entries(self, prefix: str) -> Iterator[tuple[str, str, bool]]:
        """Give the name, the key and whether it is live of all keys with a prefix."""
        for name, expires_at in self.list_objects(self.prefix + name_prefix(prefix)):
            own = name[len(self.prefix) :]
            key = self._hashed_key(name) if is_hashed(own) else key_of(own)
            if key is not None and key.startswith(prefix):
                yield name, key, not is_past({"expires_at": expires_at})
