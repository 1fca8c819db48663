"""What `dotflow doctor` finds out. No value of a setting is ever part of it."""

from __future__ import annotations

import csv
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.metadata import distribution as metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dotflow.base.cloud_file import load_cloud_config
from dotflow.base.masking import mask
from dotflow.engine.modes import EXECUTORS, INSTALLABLE
from dotflow.errors import pip_line
from dotflow.providers import registry

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

_CORE = ("dotflow-core", "dotflow-cli", "dotflow-schema")
_MORE = {
    "dotflow-deploy": "deploy",
    "dotflow-server": "ui",
    **{f"dotflow-{m}": m for m in INSTALLABLE},
}


def examine(storage: str | None, path: str | None) -> dict[str, Any]:
    """Return what is installed and whether it works, as JSON can hold it.

    Args:
        storage: The storage to try: its name or address.
        path: Its path, where the name alone does not say it.
    """
    extras = dict(registry.INTEGRATIONS.values()) | _MORE
    distributions = {name: _version(name) for name in (*_CORE, *sorted(extras))}
    providers = _providers()
    removed = {
        name: f"pip install --force-reinstall --no-deps {name}=={number}"
        for name, number in distributions.items()
        if number is not None and _misses_files(name)
    }
    tried = _try_storage(storage, path)
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "executable": sys.executable,
        "distributions": distributions,
        "missing": {
            name: pip_line(extra)
            for name, extra in sorted(extras.items())
            if distributions[name] is None
        },
        "removed": removed,
        "providers": providers,
        "modes": _modes(),
        "environment": sorted(
            name
            for name in os.environ
            if name.startswith(("DOTFLOW_", "SERVER_")) or name == "WORKFLOW_ID"
        ),
        "signed_in": bool(load_cloud_config().get("token")),
        "storage": tried,
        "healthy": tried["problem"] is None
        and not removed
        and all(problem is None for problem in providers.values()),
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _misses_files(distribution: str) -> bool:
    """Say whether files are gone, as after an upgrade from dotflow 1.x with pip."""
    found = metadata(distribution)
    # Not its `files`, which from Python 3.12 on leaves out what is missing.
    for path, *_ in csv.reader((found.read_text("RECORD") or "").splitlines()):
        if (
            not path.endswith(".pyc")
            and not Path(str(found.locate_file(path))).exists()
        ):
            return True
    return False


def _providers() -> dict[str, str | None]:
    """Return why each installed provider cannot be loaded, None where it can."""
    found: dict[str, str | None] = {}
    for name in registry.installed_providers():
        try:
            registry.load_provider(name)
            found[name] = None
        except Exception as error:  # noqa: BLE001 - whatever an integration raises
            found[name] = mask(f"{type(error).__name__}: {error}")
    return found


def _modes() -> list[str]:
    from dotflow.types import TypeExecution

    built_in = [value for name, value in vars(TypeExecution).items() if name.isupper()]
    return [*built_in, *registry.entry_point_names(EXECUTORS)]


def _try_storage(storage: str | None, path: str | None) -> dict[str, Any]:
    from dotflow_cli.storages import durable_storage

    address = storage or os.environ.get("DOTFLOW_STORAGE") or ""
    try:
        found = durable_storage(storage, path)
    except click.UsageError as error:
        return _state(address, None, error.message)
    except click.ClickException:
        # There is no database yet, which is no fault.
        return _state(address, None, None)
    try:
        found.get("dotflow-doctor")
    except Exception as error:  # noqa: BLE001 - whatever a client library raises
        return _state(address, found, f"{type(error).__name__}: {error}")
    return _state(address, found, None)


def _state(
    address: str, storage: Storage | None, problem: str | None
) -> dict[str, Any]:
    known = address if "://" in address else None
    return {
        "kind": None if storage is None else type(storage).__name__,
        "reachable": storage is not None and problem is None,
        "problem": None if problem is None else mask(problem, known),
        "codec": None if storage is None else storage.codec_name,
        "history": _keeps_history(storage) if problem is None else False,
    }


def _keeps_history(storage: Storage | None) -> bool:
    return storage is not None and storage.history is not None
