"""`dotflow server`: the dashboard of a team, over the server's own store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dotflow.base.exposure import is_loopback
from dotflow_server.access import Access, session_key
from dotflow_server.app import create_app
from dotflow_server.ingesting import Ingesting
from dotflow_server.places import own_names, server_storage
from dotflow_server.serving import bound, serve
from dotflow_server.store import Store
from dotflow_server.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI


@dataclass(frozen=True)
class Listening:
    """Where a server listens, and to whom.

    Args:
        host: The address.
        port: The port; 0 for a free one.
        allowed: Further names that browsers may call it by.
        behind_proxy: Whether to believe the headers of a proxy on this machine.
        free: Whether nobody is asked for a token.
    """

    host: str = "127.0.0.1"
    port: int = 0
    allowed: tuple[str, ...] = ()
    behind_proxy: bool = False
    free: bool = False


def team_app(
    store: Store, listening: Listening, retention: float | None = None
) -> FastAPI:
    """Return the application of a team's server.

    Args:
        store: Its own store, a database.
        listening: Where it listens.
        retention: After how many days runs are forgotten; None for never.

    Raises:
        UsageError: Everybody could reach it, and nobody would be asked.
    """
    tokens = Tokens(store.storage)
    _refuse_open_doors(tokens, listening)
    access = Access(None, tokens, session_key(store.storage), listening.free)
    return create_app(
        store,
        access,
        mode="server",
        tokens=tokens,
        ingesting=Ingesting(store.storage),
        retention=retention,
        hosts={*own_names(listening.host), *listening.allowed},
    )


def _refuse_open_doors(tokens: Tokens, listening: Listening) -> None:
    if is_loopback(listening.host):
        return
    if listening.free:
        raise click.UsageError(
            f"--no-auth on {listening.host}: whoever reaches this address could read and"
            " cancel every run. Leave it out, or listen on 127.0.0.1."
        )
    if not any(token.good for token in tokens.all()):
        raise click.UsageError(
            f"Nobody could sign in on {listening.host}: make a token first, with"
            " dotflow server token create me --scope admin"
        )


def serve_team(database: str, listening: Listening, retention: float | None) -> None:
    """Serve a team until a signal comes.

    Args:
        database: The server's own store.
        listening: Where it listens.
        retention: After how many days runs are forgotten; None for never.

    Raises:
        ClickException: Another process serves the SQLite file, or the port is taken.
    """
    store = Store(server_storage(database))
    with _alone(store.path):
        app = team_app(store, listening, retention)
        socket = bound(listening.host, listening.port)
        port = socket.getsockname()[1]
        click.echo(f"{store.label}: http://{listening.host}:{port}/", err=True)
        if not listening.free and not any(
            one.good for one in Tokens(store.storage).all()
        ):
            click.echo(
                "Nobody can sign in yet: dotflow server token create me --scope admin",
                err=True,
            )
        serve(app, socket, listening.behind_proxy)


@contextmanager
def _alone(path: Path | None) -> Iterator[None]:
    """Keep other servers off a SQLite file, until this process ends in whatever way.

    Raises:
        ClickException: One is there.
    """
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.server").open("a+b") as file:
        if not _lock(file.fileno()):
            raise click.ClickException(
                f"Another server uses {str(path)!r}: a SQLite file has one. Several take"
                " a PostgreSQL database."
            )
        yield


def _lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
