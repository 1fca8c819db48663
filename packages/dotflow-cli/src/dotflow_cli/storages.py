"""The storage that the options name, and the history in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dotflow import Config
from dotflow.errors import ProviderError
from dotflow.providers.storage_url import storage_from_url
from dotflow_cli.errors import usage_errors

if TYPE_CHECKING:
    from dotflow.abc.history import History
    from dotflow.abc.storage import Storage

_WITH_PATH = ("file", "sqlite")


def open_storage(storage: str | None, path: str | None) -> Storage | None:
    """Make the storage that the options name.

    Args:
        storage: Its name or address.
        path: The folder of `file` or the file of `sqlite`.

    Returns:
        The storage; None if the options name none.

    Raises:
        UsageError: There is no such storage, or it takes no path.
    """
    if path is not None and storage not in _WITH_PATH:
        raise click.UsageError("--path needs --storage file or --storage sqlite.")
    if storage is None:
        return None
    with usage_errors():
        try:
            return storage_from_url(storage if path is None else f"{storage}:{path}")
        except (ValueError, TypeError, OSError) as error:
            if isinstance(error, ProviderError):
                raise
            # Its text may repeat an address, and that may hold a password.
            raise click.UsageError(
                f"--storage {storage.partition(':')[0]}: its address is malformed or"
                f" incomplete ({type(error).__name__})."
            ) from error


def durable_storage(storage: str | None, path: str | None) -> Storage:
    """Return the storage whose history a command reads.

    Args:
        storage: Its name or address; by default `DOTFLOW_STORAGE`, else the database
            `.output/dotflow.db`.
        path: The file of `sqlite`.

    Raises:
        ClickException: There is nothing there.
    """
    found = open_storage(storage, path)
    if found is None:
        with usage_errors():
            if os.environ.get("DOTFLOW_STORAGE"):
                found = Config.from_env().storage
            else:
                found = storage_from_url("sqlite")
    where = getattr(found, "path", None)
    # Reading must not make the database that it does not find.
    if isinstance(where, Path) and not where.exists():
        raise click.ClickException(
            f"There is no history: {str(where)!r} does not exist. Runs with"
            " --storage sqlite, or sqlite:///file.db, leave one."
        )
    return found


def open_history(storage: Storage) -> History:
    """Return the history of a storage.

    Args:
        storage: The storage.

    Raises:
        UsageError: It keeps none.
    """
    with usage_errors():
        history = storage.history
    if history is None:
        raise click.UsageError(
            f"{type(storage).__name__} keeps no history of runs. One that does is"
            " --storage sqlite, or sqlite:///runs.db."
        )
    return history
