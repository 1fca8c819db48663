"""`StorageRedis`: contexts in Redis, one value for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dotflow.abc.storage import (
    check_ttl,
    current_fence,
    server_reach,
)
from dotflow.codec.codec import read_header
from dotflow.errors import DecodeError
from dotflow.providers.text_records import ServedRecords
from dotflow_redis.address import Address
from dotflow_redis.client import Client
from dotflow_redis.names import BATCH, batches, literal, tagged, to_bytes, untagged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    import redis

    from dotflow.model.context import Context
    from dotflow.types import TTL, Digest

_FOR_EVER = 1e10  # seconds; Redis counts milliseconds in 64 bits
_HEADER = 4096  # bytes of a record in which its short fields mostly are

# KEYS[1]; ARGV: the record that must be there, the new one, its ttl in ms or "".
_SWAP = (
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end"
    " if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2])"
    " else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end"
    " return 1"
)
# KEYS: the one of the lease and the one to write; ARGV: the token that the beginning of
# the lease must have, the record, its ttl in ms or "".
_SET_FENCED = (
    f"local lease = redis.call('GETRANGE', KEYS[1], 0, {_HEADER - 1})"
    " if not string.find(lease, ARGV[1], 1, true) then return 0 end"
    " if ARGV[3] == '' then redis.call('SET', KEYS[2], ARGV[2])"
    " else redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end"
    " return 1"
)


class StorageRedis(ServedRecords):
    """Keeps each context as one value, which any number of machines may share.

    Threads and forked processes may use one object. Where a connection is lost, because
    the server was restarted for example, a new one is made within the time limit. How
    durable a value is, is up to the server: see `appendfsync` in its configuration.

    Args:
        url: The address, `redis://user:password@host:6379/0`, `rediss://…` for TLS or
            `unix:///path`. Default: the environment variable `REDIS_URL`, else this
            machine.
        host: The host's name, in place of an address.
        port: The port.
        db: The number of the database.
        username: Who logs in.
        password: With what.
        prefix: What all keys begin with. Keys without it are left alone.
        codec: `"json"`: never pickle. `"pickle"`: JSON, and pickle for what JSON has no
            form for; whoever can write to the server can then run code in the reader.
        timeout: How long a call may take, and how long a server that was there before
            is waited for, in seconds. One that was not there yet is waited for 10 seconds
            at most.
        keep_runs: How many of the newest runs the history keeps; None for all, 0 to
            keep no history.
        keep_days: After how many days it forgets a run; None for never.

    Raises:
        ProviderError: An argument is malformed.
        ValueError: There is no such codec, or a number of the history is out of range.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str | None = None,
        port: int | None = None,
        db: int | None = None,
        username: str | None = None,
        password: str | None = None,
        prefix: str = "dotflow:",
        codec: str = "json",
        timeout: float = 30.0,
        keep_runs: int | None = 1000,
        keep_days: float | None = None,
    ) -> None:
        super().__init__(codec, timeout, keep_runs, keep_days)
        self._prefix = prefix
        self._raw_prefix = to_bytes(prefix)
        address = Address(url, host, port, db, username, password)
        self.reach = server_reach(address.place, address.has_password)
        self._client = Client(address, timeout)

    @classmethod
    def from_url(cls, url: str) -> StorageRedis:
        """Return the storage of an address.

        Args:
            url: `redis://host:6379/0`, or a mere `redis` for what the environment
                names.
        """
        return cls(url if "://" in url else None)

    def post(
        self, key: str, context: Context, ttl: TTL = None, fingerprint: Digest = None
    ) -> None:
        """Store a context; see `Storage.post`."""
        record, milliseconds = self._row(context, ttl, fingerprint)
        name, fence = self._name(key), current_fence.get()
        if fence is None:
            self._client.call(lambda redis: redis.set(name, record, px=milliseconds))
            return
        lease = self._name(fence.key)
        arguments = (lease, name, fence.token, record, milliseconds or "")
        if not self._client.call(lambda redis: redis.eval(_SET_FENCED, 2, *arguments)):
            raise fence.lost()

    def record(self, key: str) -> str | None:
        """Return the stored text of a key; see `Storage.record`."""
        record = self._read(key)
        return None if record is None else record.decode("utf-8", "replace")

    def delete(self, key: str) -> bool:
        """Remove a key; see `Storage.delete`."""
        return self._remove([self._name(key)]) == 1

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the sorted keys with a prefix; see `Storage.list_keys`."""
        keys = []
        for name in self._names(prefix):
            try:
                keys.append(self._key(name).decode())
            except UnicodeDecodeError:
                pass  # no storage of ours has written it
        return sorted(keys)

    def delete_prefix(self, prefix: str) -> int:
        """Remove every key with a prefix; see `Storage.delete_prefix`."""
        return sum(map(self._remove, batches(self._names(prefix))))

    def clear(self, workflow_id: UUID | str) -> None:
        """Remove the keys of one workflow; see `Storage.clear`."""
        for names in batches(self._names(f"{workflow_id}-")):
            self._remove(
                [
                    name
                    for name, owner in zip(names, self._owners(names), strict=True)
                    if owner is None or owner == str(workflow_id)
                ]
            )

    def get_fingerprint(self, key: str) -> str | None:
        """Return a key's fingerprint; see `Storage.get_fingerprint`."""
        (header,) = self._headers([self._name(key)])
        return None if header is None else header.get("fingerprint")

    def close(self) -> None:
        """Close the connections of this process; the next use opens new ones."""
        self.close_history()
        self._client.close()

    def __repr__(self) -> str:
        return f"StorageRedis({str(self._client.address)!r}, prefix={self._prefix!r})"

    def _name(self, key: str) -> bytes:
        raw = to_bytes(key)
        return self._raw_prefix + (tagged(raw) if self._client.tagged else raw)

    def _key(self, name: bytes) -> bytes:
        raw = name[len(self._raw_prefix) :]
        return untagged(raw) if self._client.tagged else raw

    def _row(
        self, context: Context, ttl: TTL, fingerprint: Digest
    ) -> tuple[bytes, int | None]:
        check_ttl(ttl)
        extra = None if fingerprint is None else {"fingerprint": fingerprint}
        record = self.codec.encode_context(context, extra).encode()
        if ttl is None or ttl > _FOR_EVER:
            return record, None
        return record, max(1, math.ceil(ttl * 1000))

    def _read(self, key: str) -> bytes | None:
        return self._value(self._name(key))

    def _value(self, name: bytes) -> bytes | None:
        found: Any = self._client.call(lambda redis: redis.get(name))
        return found if found is None else bytes(found)

    def _replace(self, key: str, found: Any, row: tuple[Any, ...]) -> bool:
        name, (record, milliseconds) = self._name(key), row
        swap = (name, found, record, milliseconds or "")

        def replace(client: redis.Redis) -> object:
            if found is None:
                return client.set(name, record, px=milliseconds, nx=True)
            return client.eval(_SWAP, 1, *swap)

        return bool(self._client.call(replace, repeat=False))

    def _names(self, prefix: str) -> Iterator[bytes]:
        """List the full names with a prefix; each once, though Redis may repeat some."""
        if self._client.tagged:
            yield from self._tagged_names(prefix)
            return
        yield from self._found(self._raw_prefix + to_bytes(prefix))

    def _tagged_names(self, prefix: str) -> Iterator[bytes]:
        """List those of a cluster, whose tag begins somewhere else in a lease."""
        wanted = to_bytes(prefix)
        starts = {self._name(prefix).rstrip(b"}")}
        if b"lease-".startswith(wanted):
            starts.add(self._raw_prefix + b"lease-{")
        for start in starts:
            for name in self._found(start):
                if self._key(name).startswith(wanted):
                    yield name

    def _found(self, start: bytes) -> Iterator[bytes]:
        pattern = literal(start) + b"*"
        # Of a cluster it asks each node.
        found: list[bytes] = self._client.call(
            lambda redis: list(redis.scan_iter(match=pattern, count=BATCH))
        )
        yield from dict.fromkeys(found)

    def _remove(self, names: list[bytes]) -> int:
        if not names:
            return 0

        # One by one, in one go: a cluster refuses a command for keys of several slots.
        def remove(client: redis.Redis) -> list[int]:
            with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.delete(name)
                return pipeline.execute()

        return sum(self._client.call(remove))

    def _owners(self, names: list[bytes]) -> list[str | None]:
        return [
            None if header is None else header.get("workflow_id")
            for header in self._headers(names)
        ]

    def _headers(self, names: list[bytes]) -> list[dict[str, Any] | None]:
        """Read the short fields of records, mostly without fetching their values."""

        def ask(client: redis.Redis) -> list[Any]:
            with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.getrange(name, 0, _HEADER - 1)
                return pipeline.execute()

        headers = []
        for name, start in zip(names, self._client.call(ask), strict=True):
            text: bytes | None = start
            if b"\n" not in start and len(start) == _HEADER:
                text = self._value(name)
            # A missing key reads as an empty text.
            headers.append(self._header(name, text) if text else None)
        return headers

    def _header(self, name: bytes, text: bytes) -> dict[str, Any]:
        try:
            return read_header(text)
        except DecodeError as error:
            key = self._key(name).decode("utf-8", "replace")
            raise self.unreadable(key, error) from error
