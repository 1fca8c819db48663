"""`Client`: commands to a server, with a time limit, again after a lost connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from dotflow.errors import StorageError

if TYPE_CHECKING:
    import redis

    from dotflow_redis.address import Address

T = TypeVar("T")

_PAUSE = 0.1  # seconds between attempts to reach a server that was there before
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
        import redis

        deadline = time.monotonic() + self._timeout
        while True:
            try:
                answer = command(self._client())
            except redis.exceptions.TimeoutError:
                # Not `from`: one in a line of causes might quote the address.
                raise self._late() from None
            except redis.exceptions.AuthenticationError as error:
                raise self._failed(error) from error
            except redis.exceptions.ConnectionError as error:
                if not self._reached or time.monotonic() + _PAUSE > deadline:
                    raise self._failed(error) from error
                if not repeat:
                    raise self._unknown() from error
                time.sleep(_PAUSE)
            except redis.exceptions.RedisError as error:
                raise self._failed(error) from error
            else:
                self._reached = True
                return answer

    def close(self) -> None:
        """Close the connections that no thread uses; the next command opens a new one."""
        if self._redis is not None:
            self._redis.connection_pool.disconnect(inuse_connections=False)

    def _client(self) -> redis.Redis:
        if self._redis is None:
            # Not at the top: redis-py takes longer to import than all of dotflow.
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry

            options: dict[str, Any] = {
                **self.address.parts,
                "socket_timeout": self._timeout,
                "socket_connect_timeout": self._timeout,
                # `call` knows what may be repeated; redis-py does not.
                "retry": Retry(NoBackoff(), 0),
            }
            url = self.address.url
            if url is None:
                self._redis = redis.Redis(**options)
            else:
                self._redis = redis.Redis.from_url(url, **options)
        return self._redis

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
