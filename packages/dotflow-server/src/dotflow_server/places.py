"""What a word on the command line names: a store, an address to listen on."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dotflow.base.exposure import is_loopback
from dotflow.providers.storage_url import BUILT_IN, INTEGRATIONS
from dotflow_cli.storages import durable_storage, storage_for_writing

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

_DATABASE = "dotflow.db"


def store_address(given: str | None) -> str | None:
    """Return the address of a storage, for what may be a mere path.

    Args:
        given: An address, a file or a folder; None for the usual storage.
    """
    if given is None:
        return None
    scheme = given.partition(":")[0]
    if ("://" in given or scheme in (*BUILT_IN, *INTEGRATIONS)) and len(scheme) > 1:
        return given
    path = Path(given)
    if path.is_dir():
        database = path / _DATABASE
        return f"sqlite:{database}" if database.exists() else f"file:{path}"
    return f"sqlite:{path}"


def open_storage(given: str | None, make: bool = False) -> tuple[Storage, str | None]:
    """Return a storage and how other processes name it.

    Args:
        given: As of `store_address`.
        make: Whether it may come to be now.

    Raises:
        ClickException: There is none.
    """
    address = store_address(given)
    found = (
        storage_for_writing(address, None) if make else durable_storage(address, None)
    )
    path = getattr(found, "path", None)
    if isinstance(path, Path):  # another folder may be the current one there
        scheme = "file" if path.is_dir() else "sqlite"
        address = f"{scheme}:{path.absolute()}"
    return found, address or os.environ.get("DOTFLOW_STORAGE")


def own_names(host: str) -> set[str]:
    """Return the names by which browsers may call a server that listens on an address."""
    names = {"localhost", "127.0.0.1", "[::1]"}
    if not is_loopback(host):
        names |= {socket.gethostname(), socket.getfqdn(), host}
    return {name.lower() for name in names}


def server_storage(given: str) -> Storage:
    """Return the store of a server, which comes to be where there is none yet.

    Nothing in it is a pickle, and it forgets runs when the server does.

    Args:
        given: A SQLite file, or the address of a database.

    Raises:
        ClickException: It is no store for a server.
    """
    from dotflow.abc.retention import Retention
    from dotflow.history.sql_history import SQLHistory

    found, _ = open_storage(given, make=True)
    own: Any = found
    own.retention = Retention(None)
    if not isinstance(found.history, SQLHistory):
        raise click.UsageError(
            f"A server keeps runs in a database, which {type(found).__name__} is not:"
            " give a SQLite file or the address of a PostgreSQL database."
        )
    return found
