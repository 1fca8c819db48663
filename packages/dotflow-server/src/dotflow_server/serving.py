"""Serves an application until a signal comes."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import click
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from asyncio import TimerHandle
    from types import FrameType

    from fastapi import FastAPI

GRACE_SECONDS = 10
HEAD_SECONDS = 20.0
_MOST_CONNECTIONS = 1000


class _Patient(H11Protocol):
    """Gives up who connects, or goes on, and does not say what for."""

    _head: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take what comes, which may be the beginning of another request."""
        super().data_received(data)
        self._await_head()

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        """Bound how long the head of a request takes, however it comes."""
        if not self._idle and self._head is not None:
            self._head.cancel()
            self._head = None
        elif self._idle and self._head is None:
            self._head = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._head = None
        if self._idle and not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """Ends streams at a signal, for which uvicorn would wait."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end: no stream goes on."""
        served: Any = self.config.app
        served.state.served.hub.stop()
        super().handle_exit(sig, frame)


def new_server(app: FastAPI, behind_proxy: bool = False) -> Server:
    """Return what answers requests, bounded in all that strangers could have it hold.

    Args:
        app: The application.
        behind_proxy: As of `serve`.
    """
    return Server(
        uvicorn.Config(
            app,
            http=_Patient,
            log_level="warning",
            access_log=False,  # addresses may tell more than a log should
            server_header=False,
            proxy_headers=behind_proxy,
            forwarded_allow_ips="127.0.0.1,::1" if behind_proxy else None,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=30,
            limit_concurrency=_MOST_CONNECTIONS,
        )
    )


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: The address.
        port: The port; 0 for a free one.

    Raises:
        ClickException: It is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # By name, or asyncio would not send small answers at once (TCP_NODELAY).
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise click.ClickException(
            f"Nothing can listen on {host}:{port} ({error.strerror}): give another --port."
        ) from error
    return listening


def serve(app: FastAPI, listening: socket.socket, behind_proxy: bool = False) -> None:
    """Answer requests until SIGINT or SIGTERM; what is being answered is finished.

    Args:
        app: The application.
        listening: Where they come from.
        behind_proxy: Whether to believe the headers of a proxy on this machine.
    """
    try:
        new_server(app, behind_proxy).run(sockets=[listening])
    except KeyboardInterrupt:
        return  # uvicorn has stopped in good order, and tells how it was asked to
    finally:
        listening.close()
