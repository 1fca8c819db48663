"""`storage_from_url`: a storage from one word or one address, for command lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dotflow.base.suggest import hint
from dotflow.errors import ProviderError, ProviderNotInstalled

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

GROUP = "dotflow.storages"

BUILT_IN = ("default", "file", "sqlite")
"""The names that need no other distribution."""

INTEGRATIONS = {
    "gcs": "StorageGCS",
    "gs": "StorageGCS",
    "postgres": "StoragePostgres",
    "postgresql": "StoragePostgres",
    "redis": "StorageRedis",
    "rediss": "StorageRedis",
    "s3": "StorageS3",
}
"""The names that lead to integrations of dotflow, installed or not."""


def storage_from_url(url: str) -> Storage:
    """Return the storage that a name or an address stands for.

    - `default`: in memory.
    - `file`, `file:.output`, `file:///var/runs`: `StorageFile` with that folder.
    - `sqlite`, `sqlite:runs.db`, `sqlite:///runs.db` (as SQLAlchemy writes it: below
      the current folder; four slashes for an absolute path): `StorageSQLite`.
    - `s3://bucket/prefix`, `gs://bucket/prefix`, `redis://…` and whatever else is
      registered in the entry-point group `dotflow.storages`: the class's
      `from_url(url)`. A mere `s3` is the address in `DOTFLOW_STORAGE`, if that is one
      of the same kind.

    Args:
        url: The name or the address.

    Raises:
        ProviderError: Nothing is known by that name, or the address is malformed.
        ProviderNotInstalled: It needs a distribution that is not installed.
        ProviderConflict: Two distributions claim the name, or it leads to something
            that is no storage.
    """
    # An address may hold a password: no error repeats more of it than its scheme.
    scheme, _, rest = url.partition(":")
    scheme = scheme.strip().lower()
    if scheme == "default":
        return _default(rest)
    if scheme == "file":
        return _with_path("StorageFile", rest.removeprefix("//"))
    if scheme == "sqlite":
        path = rest.removeprefix("//")
        if path is not rest and path and not path.startswith("/"):
            raise ProviderError(
                "sqlite:// names no host: write sqlite:///runs.db, or"
                " sqlite:////var/runs.db for an absolute path."
            )
        return _with_path("StorageSQLite", path[1:] if path is not rest else path)
    if scheme == url:
        url = _address_of(INTEGRATIONS.get(scheme)) or url
    return _integration(scheme, url)


def storage_names() -> list[str]:
    """Return the names that `storage_from_url` knows here and now."""
    from dotflow.providers.registry import entry_point_names

    return sorted({*BUILT_IN, *entry_point_names(GROUP)})


def _default(rest: str) -> Storage:
    if rest:
        raise ProviderError("The storage 'default' is in memory: it takes no address.")
    from dotflow.providers import StorageDefault

    return StorageDefault()


def _with_path(name: str, path: str) -> Storage:
    from dotflow.providers.registry import load_provider

    make: Any = load_provider(name)
    made: Storage = make(path=path) if path else make()
    return made


def _integration(scheme: str, url: str) -> Storage:
    from dotflow.providers import registry

    try:
        found = registry.load_entry_point(GROUP, scheme)
    except KeyError:
        raise _unknown(scheme) from None
    registry.check_abc(scheme, found, "storage")
    from dotflow.base.masking import keep_secret

    keep_secret(url)
    # The class reads its own address: only it knows what may stand there.
    make = getattr(found, "from_url", None)
    if make is None:
        raise ProviderError(
            f"{found.__name__} cannot be made from an address: it has no from_url(url)."
        )
    made: Storage = make(url)
    return made


def _address_of(integration: str | None) -> str | None:
    """Return the address in the environment, if it is one of this integration."""
    url = os.environ.get("DOTFLOW_STORAGE", "").strip()
    scheme = url.partition(":")[0].lower()
    return url if integration and INTEGRATIONS.get(scheme) == integration else None


def _unknown(scheme: str) -> Exception:
    from dotflow.providers import registry

    if scheme in INTEGRATIONS:
        name = INTEGRATIONS[scheme]
        return ProviderNotInstalled(name, *registry.INTEGRATIONS[name])
    known = ", ".join(sorted({*storage_names(), *INTEGRATIONS}))
    meant = hint(scheme, [*storage_names(), *INTEGRATIONS])
    if not meant and "." in scheme:
        meant = " A file is named as in sqlite:///runs.db, a folder as in file:kept."
    return ProviderError(f"No storage is called {scheme!r}.{meant} There are: {known}.")
