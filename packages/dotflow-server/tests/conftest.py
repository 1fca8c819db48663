"""A dashboard on loopback: in a thread where that is enough, else in a process."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dashboards import (
    SECRET,
    ServerProcess,
    Team,
    browser,
    extract,
    late,
    listening,
    quiet,
    serving,
    times,
)

from dotflow.providers import StorageSQLite
from dotflow_server import Store, create_app
from dotflow_server.access import Access

if TYPE_CHECKING:
    import httpx


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a completed run, a failed one, and one with a map that failed."""
    path = tmp_path_factory.mktemp("store") / "runs.db"
    storage = StorageSQLite(path)
    good = quiet(storage, "good")
    good.task.add(extract)
    good.start()
    bad = quiet(storage, "bad")
    bad.task.add(extract)
    bad.task.add(times, map_over=extract)
    bad.task.add(late, depends_on="times")
    bad.start(mode="threads", keep_going=True)
    storage.close()
    return path


@pytest.fixture(scope="session")
def dashboard(filled: Path) -> Iterator[httpx.Client]:
    """A browser that is signed in to `dotflow ui`."""
    store = Store(StorageSQLite(filled))
    app = create_app(store, Access(SECRET, None, b"k" * 32), body_seconds=1.0)
    with (
        listening(app) as url,
        browser(url) as client,
    ):
        answer = client.post("/api/v1/session", json={"secret": SECRET})
        assert answer.status_code == 200, answer.text
        yield client


@pytest.fixture(scope="session")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A team's server over a SQLite file of its own."""
    with serving(str(tmp_path_factory.mktemp("team") / "team.db")) as found:
        yield found


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server in a process of its own."""
    found = ServerProcess(tmp_path / "team.db")
    try:
        yield found
    finally:
        found.kill()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of the tests, as those of its storage have it."""
    pytest.importorskip("dotflow_postgres")
    path = Path(__file__).parents[2] / "dotflow-postgres/tests/conftest.py"
    if not path.exists():
        pytest.skip("the tests of dotflow-postgres, which start a server, are not here")
    spec = spec_from_file_location("postgres_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    for server in module.server.__wrapped__():
        yield server.dsn
