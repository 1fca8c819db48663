"""`Client`: commands to a server, with a time limit, again after a lost connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from dotflow.base.patience import Allowance, BoundedSocket, Handshake
from dotflow.errors import ProviderError, StorageError

if TYPE_CHECKING:
    import redis

    from dotflow_redis.address import Address

T = TypeVar("T")

_allowance: ContextVar[Allowance | None] = ContextVar("redis_allowance", default=None)

_PAUSE = 0.1  # seconds between attempts to reach a server that was there before
CONNECT_SECONDS = 10.0
"""How long a server that was not there yet is waited for, unless `timeout` is less."""
_NOT_REACHED = "Check that it runs, and url= or REDIS_URL."
_ADVICE = {
    "AuthenticationError": "Check the user and the password.",
    "AuthenticationWrongNumberOfArgsError": "Check the user and the password.",
    "NoPermissionError": (
        "Allow this user GET, SET, GETRANGE, DEL, SCAN and EVAL on the keys with the"
        " prefix."
    ),
    "OutOfMemoryError": "The server's memory is full: raise its maxmemory.",
    "ReadOnlyError": "It is a read-only replica: connect to the primary.",
}


class Client:
    """Sends commands; connects at the first one.

    redis-py keeps the connections: one for each thread that is in a command, and none
    that a forked child would share with its parent.

    Args:
        address: Where the server is.
        timeout: How long one call may take, in seconds.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self.address = address
        self._timeout = timeout
        # Whether the server has been reached before: then it is worth waiting for.
        self._reached = False
        self._redis: redis.Redis | None = None
        self._is_cluster = False
        self._tagged = False

    @property
    def tagged(self) -> bool:
        """Whether names have a hash tag, since the server is of a cluster.

        Raises:
            StorageError: It cannot be asked.
        """
        if not self._reached:
            self.call(lambda _: None)
        return self._tagged

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_redis": None, "_reached": False}

    def call(self, command: Callable[[redis.Redis], T], *, repeat: bool = True) -> T:
        """Send what `command` sends.

        Args:
            command: Called with the client of redis-py.
            repeat: Whether to send it again where it is not known whether the server
                had received it before the connection was lost.

        Raises:
            StorageError: It failed; the message names the server.
        """
        before = _allowance.set(Allowance(self._timeout))
        try:
            return self._call(command, repeat)
        finally:
            _allowance.reset(before)

    def _call(self, command: Callable[[redis.Redis], T], repeat: bool) -> T:
        import redis

        deadline = time.monotonic() + self._timeout
        while True:
            try:
                if not self._reached:
                    self._reach()
                return command(self._client())
            except redis.exceptions.TimeoutError:
                # Not `from`: one in a line of causes might quote the address.
                raise self._late() from None
            except redis.exceptions.RedisError as error:
                if not self._may_pass(error, deadline):
                    raise self._failed(error) from self.address.cause(error)
                lost = isinstance(error, redis.exceptions.ConnectionError)
                if lost and not repeat:
                    raise self._unknown() from self.address.cause(error)
                time.sleep(_PAUSE)

    def _may_pass(self, error: redis.RedisError, deadline: float) -> bool:
        """Tell whether another attempt may do better, and make ready for it."""
        import redis

        if isinstance(error, redis.exceptions.MovedError) and not self._is_cluster:
            # The key is of another node: of a client for clusters, which knows them all.
            self._is_cluster, self._redis = True, None
            return True
        if time.monotonic() + _PAUSE > deadline:
            return False
        if isinstance(error, redis.exceptions.ReadOnlyError):
            # After a fail-over this is the old primary, which has done nothing: the
            # name leads to the new one by and by, if it is looked up again.
            self.close()
            return True
        lost = isinstance(error, redis.exceptions.ConnectionError)
        refused = isinstance(error, redis.exceptions.AuthenticationError)
        return lost and not refused and self._reached

    def _reach(self) -> None:
        """See that the server answers, within less time than a call may take later."""
        seconds = min(self._timeout, CONNECT_SECONDS)
        first: Any = self._open(seconds)
        try:
            first.ping()
            self._reached = True
            self._look_at(first)
        finally:
            first.close()

    def _look_at(self, server: Any) -> None:
        """Take note of whether it is of a cluster, and warn of its eviction."""
        import redis

        try:
            about = server.info()
            self._tagged = bool(about.get("cluster_enabled"))
            if self._tagged and int(server.cluster("INFO")["cluster_size"]) > 1:
                self._is_cluster = True  # one node alone would list its own keys only
        except redis.exceptions.RedisError:
            return  # not allowed to ask
        policy = str(about.get("maxmemory_policy", ""))
        if policy.startswith("allkeys-") and about.get("maxmemory"):
            from dotflow.logging import warn

            warn(
                "Redis at %s drops keys when its memory is full (maxmemory-policy %s):"
                " results may vanish, and their tasks run again. Set noeviction, or a"
                " policy volatile-*.",
                self.address,
                policy,
            )

    def close(self) -> None:
        """Close the connections that no thread uses; the next command opens a new one."""
        if self._redis is None:
            return
        if self._is_cluster:
            self._redis.close()
        else:
            self._redis.connection_pool.disconnect(inuse_connections=False)

    def _client(self) -> redis.Redis:
        if self._redis is None:
            self._redis = self._open(self._timeout)
        return self._redis

    def _open(self, seconds: float) -> Any:
        """Return a client of redis-py whose waits have a limit."""
        # Not at the top: redis-py takes longer to import than all of dotflow.
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        url = self.address.url or "redis://"
        options: dict[str, Any] = {
            **self.address.parts,
            "connection_class": _bounded(urlsplit(url).scheme),
            "socket_timeout": seconds,
            "socket_connect_timeout": min(seconds, CONNECT_SECONDS),
            # `call` knows what may be repeated; redis-py does not.
            "retry": Retry(NoBackoff(), 0),
        }
        kind: Any = redis.cluster.RedisCluster if self._is_cluster else redis.Redis
        try:
            if not self._is_cluster:
                redis.Redis.from_url(url, **options).connection_pool.make_connection()
            return kind.from_url(url, **options)
        except (TypeError, ValueError):
            # What is said quotes a part of the address.
            raise ProviderError(
                "StorageRedis: url has an option, behind its ?, that redis-py does not"
                " know or cannot read."
            ) from None

    def _failed(self, error: redis.RedisError) -> StorageError:
        import redis

        advice = _ADVICE.get(type(error).__name__, "")
        if not advice and isinstance(error, redis.exceptions.ConnectionError):
            advice = _NOT_REACHED
        said = " ".join(self.address.hide(str(error)).split()).rstrip(".")
        return StorageError(
            f"Cannot use Redis at {self.address}: {said}. {advice}".rstrip()
        )

    def _late(self) -> StorageError:
        return StorageError(
            f"Redis at {self.address} did not answer within {self._timeout:g} s. Check"
            " the server and the network between, or raise timeout=."
        )

    def _unknown(self) -> StorageError:
        return StorageError(
            f"The connection to Redis at {self.address} was lost during a swap, so it is"
            " not known whether it took place. Read the key again and decide."
        )


def _bounded(scheme: str) -> type:
    """Return the class of connections for a scheme, whose answers end in time in all.

    redis-py bounds each wait: an answer that comes byte by byte would have no end.
    """
    from redis import connection

    kinds = {
        "rediss": connection.SSLConnection,
        "unix": connection.UnixDomainSocketConnection,
    }
    base: Any = kinds.get(scheme, connection.Connection)

    class Bounded(base):  # type: ignore[misc]
        def _connect(self) -> Any:
            return BoundedSocket(super()._connect(), _allowance.get)

        def _wrap_socket_with_ssl(self, sock: Any) -> Any:
            handshake = Handshake(sock, self.socket_connect_timeout)
            try:
                return super()._wrap_socket_with_ssl(sock)
            finally:
                handshake.end()

    return Bounded
