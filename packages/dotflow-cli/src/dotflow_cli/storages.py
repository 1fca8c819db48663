"""The storage that the options name, and the history in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dotflow.base.arguments import output_folder
from dotflow.config.sources import storage_of_settings
from dotflow.errors import ProviderError
from dotflow.providers import StorageDefault
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
        The storage; None if the options name none: then a path is for `at_path`.

    Raises:
        UsageError: There is no such storage, or it takes no path.
    """
    if storage is None:
        return None
    if path is not None and storage not in _WITH_PATH:
        raise click.UsageError(
            "--path goes with --storage file or --storage sqlite, or with none: another"
            " one has its place in its address."
        )
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


def at_path(storage: Storage, path: str) -> Storage:
    """Return the storage of a workflow at the place that `--path` alone names.

    Args:
        storage: The workflow's own.
        path: The folder or the file. What was kept in memory is kept in files there.

    Raises:
        UsageError: The storage has no path.
    """
    with usage_errors():
        if type(storage) is StorageDefault:
            return storage_from_url(f"file:{path}")
        move = getattr(storage, "at", None)
        if move is None:
            raise click.UsageError(
                f"--path: the workflow's storage is a {type(storage).__name__}, which has"
                " no path. Give --storage file or --storage sqlite with it."
            )
        try:
            moved: Storage = move(path)
        except ValueError as error:
            raise click.UsageError(f"--path: {error}") from error
        return moved


def durable_storage(
    storage: str | None,
    path: str | None,
    what: str = "history",
    own: Storage | None = None,
) -> Storage:
    """Return the storage whose history a command reads.

    Args:
        storage: Its name or address; by default `DOTFLOW_STORAGE`, else what the nearest
            file with settings names, else the database `.output/dotflow.db`, or the
            files in that folder where they alone are there.
        path: Its path; without a name, of that storage.
        what: What is read of it, for the message.
        own: What goes before `.output`: the storage of a workflow.

    Raises:
        ClickException: There is nothing there.
    """
    found = storage_for_writing(storage, path, own)
    where = getattr(found, "path", None)
    # Reading must not make the database that it does not find.
    if isinstance(where, Path) and not where.exists():
        raise click.ClickException(
            f"There is no {what}: {str(where)!r} does not exist. Runs with"
            " --storage sqlite or file, or the address of a database, leave one. Where it"
            " is elsewhere, name it: --storage, or DOTFLOW_STORAGE."
        )
    return found


def readable_storage(storage: str | None, path: str | None, what: str) -> Storage:
    """Return a storage to look at, which that does not change; see `durable_storage`."""
    found = durable_storage(storage, path, what)
    read_only = getattr(found, "read_only", None)
    if read_only is None:  # to read others changes nothing
        return found
    storage_to_read: Storage = read_only()
    return storage_to_read


def storage_for_writing(
    storage: str | None, path: str | None, own: Storage | None = None
) -> Storage:
    """Return the storage that options name, or the usual one, whether it is there or not.

    Args:
        storage: As of `durable_storage`, like `path` and `own`.
        path: Its path.
        own: The storage of a workflow.
    """
    found = open_storage(storage, path)
    if found is None:
        with usage_errors():
            found = storage_of_settings() or own
            if found is None:
                found = storage_from_url("sqlite")
                files = Path(output_folder(), "history").is_dir()
                if files and not Path(output_folder(), "dotflow.db").exists():
                    found = storage_from_url("file")
            if path is not None:
                files = Path(path, "tasks").is_dir()  # those of `--storage file`
                found = storage_from_url("file") if files else found
                found = at_path(found, path)
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
            f"{type(storage).__name__} keeps no history of runs, as each storage does"
            " that other processes see: --storage sqlite or file, or sqlite:///runs.db."
        )
    return history
