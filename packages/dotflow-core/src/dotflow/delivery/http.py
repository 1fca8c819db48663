"""`UrllibRequest`: HTTP with the standard library alone."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dotflow.abc.http import HTTPRequest
from dotflow.base.exposure import is_loopback
from dotflow.base.patience import Allowance, BoundedSocket

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message


class UrllibRequest(HTTPRequest):
    """Sends requests through `urllib`, one at a time, and follows no redirect.

    Proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`, …) are used, except to reach
    this machine itself. Certificates are verified as Python does by default.
    """

    def __init__(self) -> None:
        handlers = (_NoRedirect, _Plain(self), _Secure(self))
        self._through_proxy = urllib.request.build_opener(*handlers)
        self._direct = urllib.request.build_opener(
            *handlers, urllib.request.ProxyHandler({})
        )
        self._connection: http.client.HTTPConnection | None = None
        self._aborted = False

    def request(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 5.0,
    ) -> tuple[int, Mapping[str, str]]:
        """Send a request; what the answer holds is not read.

        See `HTTPRequest.request`. An answer that is not HTTP is none.
        """
        return self.ask(method, url, body, headers, timeout, 0)[:2]

    def ask(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        timeout: float,
        most: int,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request, as `request` does, and read what the answer begins with.

        Args:
            method: As of `request`.
            url: The same.
            body: The same.
            headers: The same.
            timeout: Seconds that connecting may take, and the whole of the answer.
            most: How many bytes of the answer's body to read.
        """
        here = is_loopback(urlsplit(url).hostname or "")
        opener = self._direct if here else self._through_proxy
        request = urllib.request.Request(  # noqa: S310 - the caller has checked the scheme
            url, data=body, headers=dict(headers or {}), method=method
        )
        try:
            with opener.open(request, timeout=timeout) as answer:
                return answer.status, _lower(answer.headers), answer.read(most)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _lower(error.headers), error.read(most)
        except http.client.HTTPException as error:
            raise ConnectionError(
                f"not an HTTP answer: {type(error).__name__}"
            ) from error
        finally:
            self._connection = None

    def abort(self) -> None:
        """End, from another thread, the request that is waiting, and refuse others."""
        # First the mark, then the look. Whoever connects does it the other way round,
        # so one of the two sees the other, in whatever order, and no lock is needed.
        self._aborted = True
        connection = self._connection
        waiting = None if connection is None else connection.sock
        if waiting is not None:
            try:
                waiting.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself

    def begin(self, connection: http.client.HTTPConnection) -> None:
        """Note the connection of a request, for `abort`, before it is opened.

        Args:
            connection: The connection.
        """
        self._connection = connection

    def check(self, connection: http.client.HTTPConnection) -> None:
        """Close a connection that was opened in vain.

        Args:
            connection: The connection, which is open now.

        Raises:
            ConnectionAbortedError: `abort` was called while it was being opened.
        """
        if self._aborted:
            connection.close()
            raise ConnectionAbortedError("the client is closed")


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        seconds = sock.gettimeout()
        bounded: Any = sock
        if seconds is not None:
            allowance = Allowance(seconds)
            bounded = BoundedSocket(sock, lambda: allowance)
        super().__init__(bounded, *args, **kwargs)


class _Noting:
    """A handler that opens connections of which its owner knows."""

    def __init__(self, owner: UrllibRequest) -> None:
        super().__init__()
        self._owner = owner

    def _noted(self, kind: Any) -> Any:
        owner = self._owner

        class Connection(kind):  # type: ignore[misc]
            response_class = _Response

            def connect(self) -> None:
                owner.begin(self)
                super().connect()
                owner.check(self)

        return Connection


class _Plain(_Noting, urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._noted(http.client.HTTPConnection), req)


class _Secure(_Noting, urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        context: Any = self._context  # type: ignore[attr-defined]
        kind = self._noted(http.client.HTTPSConnection)
        return self.do_open(kind, req, context=context)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Hands every redirect to the caller: `urllib` would send the token along."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
