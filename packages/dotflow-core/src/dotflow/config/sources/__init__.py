"""Where a `Config` comes from when no code makes it: the environment, or a TOML file.

`Config.from_env()` and `Config.from_file()` import this on demand. `docs/configuration.md`
has the table of settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dotflow.config.sources.build import build
from dotflow.config.sources.environment import read_environment
from dotflow.config.sources.locate import find_file, read_file
from dotflow.config.sources.table import read_table
from dotflow.config.sources.wanted import Wanted

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

__all__ = ["find_file", "from_environment", "from_file", "storage_of_settings"]


def from_environment(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the arguments for `Config` that the environment asks for.

    Args:
        environ: The variables; None for those of the process.

    Raises:
        ConfigError: A variable is malformed.
        ProviderNotInstalled: It names a provider whose distribution is missing.
    """
    values = os.environ if environ is None else environ
    return build(read_environment(values), values)


def from_file(
    path: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the arguments for `Config` that a file asks for; see `Config.from_file`.

    What the environment says about a provider wins over what the file says.

    Raises:
        ConfigError: There is no such file, or something in it is malformed.
        ProviderNotInstalled: It names a provider whose distribution is missing.
    """
    values = os.environ if environ is None else environ
    found, table, name = read_file(path)
    wanted = read_table(table, found, name)
    wanted.override(read_environment(values))
    return build(wanted, values)


def storage_of_settings() -> Storage | None:
    """Return the storage that the environment, else the nearest file, asks for.

    No other provider is made: whoever looks at what was kept needs no notifier.

    Returns:
        The storage, None where neither speaks of one.

    Raises:
        ConfigError: A setting is malformed, or the file is a stranger's.
        ProviderNotInstalled: The storage's distribution is missing.
    """
    wanted = read_environment(os.environ)
    if not wanted.families.get("storage") and (path := find_file()) is not None:
        found, table, name = read_file(path)
        wanted = read_table(table, found, name)
    storage = {"storage": wanted.families.get("storage", {})}
    made: Storage | None = build(Wanted(storage), os.environ).get("storage")
    return made
