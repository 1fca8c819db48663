"""`storage_from_url`: a storage from what a command line can say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from dotflow import providers
from dotflow.errors import ProviderConflict, ProviderError, ProviderNotInstalled
from dotflow.providers import registry, storage_url
from dotflow.providers.storage_url import storage_from_url, storage_names

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def paths(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Record what the local storages are made with, without making them."""
    made: list[tuple[str, dict[str, Any]]] = []

    def load(name: str) -> Any:
        return lambda **arguments: made.append((name, arguments))

    monkeypatch.setattr(registry, "load_provider", load)
    return made


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with three storages under names of their own."""
    info = tmp_path / "shelf-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[dotflow.storages]\nshelf = shelf:Shelf\nbare = shelf:Bare\nodd = shelf:odd\n"
    )
    (tmp_path / "shelf.py").write_text(
        "from dotflow.providers import StorageDefault\n"
        "class Bare(StorageDefault): ...\n"
        "class Shelf(Bare):\n"
        "    @classmethod\n"
        "    def from_url(cls, url):\n"
        "        self = cls()\n"
        "        self.url = url\n"
        "        return self\n"
        "odd = 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("shelf", None)


def test_default_is_in_memory() -> None:
    """`default` is the storage in memory, which has no address."""
    assert isinstance(storage_from_url("default"), providers.StorageDefault)
    with pytest.raises(ProviderError, match="in memory"):
        storage_from_url("default:somewhere")


@pytest.mark.parametrize(
    ("url", "name", "arguments"),
    [
        ("file", "StorageFile", {}),
        ("file:", "StorageFile", {}),
        ("file:.output", "StorageFile", {"path": ".output"}),
        ("FILE:runs/a", "StorageFile", {"path": "runs/a"}),
        ("file:///var/runs", "StorageFile", {"path": "/var/runs"}),
        ("file:/var/runs", "StorageFile", {"path": "/var/runs"}),
        ("sqlite", "StorageSQLite", {}),
        ("sqlite:", "StorageSQLite", {}),
        ("sqlite://", "StorageSQLite", {}),
        ("sqlite:runs.db", "StorageSQLite", {"path": "runs.db"}),
        ("sqlite:/var/runs.db", "StorageSQLite", {"path": "/var/runs.db"}),
        ("sqlite:///runs.db", "StorageSQLite", {"path": "runs.db"}),
        ("sqlite:////var/runs.db", "StorageSQLite", {"path": "/var/runs.db"}),
        ("sqlite:///a:b.db", "StorageSQLite", {"path": "a:b.db"}),
    ],
)
def test_local_storages(
    paths: list[tuple[str, dict[str, Any]]],
    url: str,
    name: str,
    arguments: dict[str, Any],
) -> None:
    """Files and SQLite are named bare, with a path, or as URLs are."""
    storage_from_url(url)
    assert paths == [(name, arguments)]


def test_sqlite_has_no_host() -> None:
    """Two slashes and a name would be a host: the right spelling is shown."""
    with pytest.raises(ProviderError, match=r"sqlite:///runs\.db"):
        storage_from_url("sqlite://runs.db")


def test_local_storages_are_real(tmp_path: Path) -> None:
    """The storages that come out are those of `dotflow.providers`."""
    made = storage_from_url(f"file:{tmp_path / 'runs'}")
    assert isinstance(made, providers.StorageFile)
    made = storage_from_url(f"sqlite:{tmp_path / 'runs.db'}")
    assert isinstance(made, providers.StorageSQLite)


@pytest.mark.usefixtures("shelf")
def test_a_distribution_adds_a_storage() -> None:
    """A registered class gets the whole address."""
    made: Any = storage_from_url("shelf://user:pw@host/a?b=c")
    assert made.url == "shelf://user:pw@host/a?b=c"
    made = storage_from_url("shelf")
    assert made.url == "shelf"
    assert {"default", "file", "sqlite", "shelf"} <= set(storage_names())


@pytest.mark.usefixtures("shelf")
def test_what_is_no_storage_is_refused() -> None:
    """A registered name must lead to a storage that can be made from an address."""
    with pytest.raises(ProviderError, match="Bare cannot be made from an address"):
        storage_from_url("bare://x")
    with pytest.raises(ProviderConflict, match=r"dotflow\.abc\.storage\.Storage"):
        storage_from_url("odd://x")


def test_an_integration_that_is_absent_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A known scheme whose distribution is absent shows the line to type."""
    monkeypatch.setitem(storage_url.INTEGRATIONS, "moon", "StorageMoon")
    monkeypatch.setitem(registry.INTEGRATIONS, "StorageMoon", ("dotflow-moon", "moon"))
    with pytest.raises(ProviderNotInstalled, match=r'pip install "dotflow\[moon\]=='):
        storage_from_url("moon://crater")


def test_every_known_scheme_leads_to_a_known_provider() -> None:
    """The schemes and the table of integrations agree."""
    assert set(storage_url.INTEGRATIONS.values()) == {
        name for name in registry.INTEGRATIONS if name.startswith("Storage")
    }


@pytest.mark.parametrize("url", ["", "attic://user:secret@host", "C:\\runs"])
def test_an_unknown_scheme(url: str) -> None:
    """An unknown scheme is refused with the known ones, without the address."""
    with pytest.raises(ProviderError, match=r"There are: .*sqlite") as caught:
        storage_from_url(url)
    assert "secret" not in str(caught.value)
