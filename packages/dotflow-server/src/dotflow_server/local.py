"""`dotflow ui`: the dashboard on somebody's own store."""

from __future__ import annotations

import secrets
import webbrowser

import click

from dotflow_server.access import Access
from dotflow_server.app import create_app
from dotflow_server.places import open_storage
from dotflow_server.resumption import Resumption, kept_key
from dotflow_server.serving import bound, serve
from dotflow_server.store import Store

HOST = "127.0.0.1"


def open_dashboard(given: str | None, port: int, browse: bool) -> None:
    """Serve the dashboard until Ctrl-C.

    Args:
        given: The store; None for the usual one.
        port: Where to listen; 0 for a free port.
        browse: Whether to open a browser.

    Raises:
        ClickException: There is no such store, or the port is taken.
        StorageError: It keeps no history, or is no storage at all.
    """
    storage, address = open_storage(given)
    store = Store(storage)
    store.history.runs(limit=1)  # what is no store says so here, not on each page
    secret = secrets.token_urlsafe(32)
    listening = bound(HOST, port)
    port = listening.getsockname()[1]
    resumption = Resumption(_key(address or store.label), port)
    access = Access(secret, None, secrets.token_bytes(32), resumption=resumption)
    app = create_app(store, access, mode="ui", address=address)
    url = f"http://{HOST}:{port}/#s={secret}"
    click.echo(f"{store.label}: {url}", err=True)
    if browse:
        webbrowser.open(url)
    serve(app, listening)


def _key(store: str) -> bytes:
    try:
        return kept_key(store)
    except OSError as error:
        click.echo(
            f"Open pages will not find the next dotflow ui by themselves: {error}",
            err=True,
        )
        return secrets.token_bytes(32)
