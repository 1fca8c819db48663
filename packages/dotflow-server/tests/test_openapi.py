"""What the server says of its API is what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from dashboards import SECRET
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

from dotflow.providers import StorageSQLite
from dotflow_server import Store, create_app
from dotflow_server.access import Access
from dotflow_server.ingesting import Ingesting
from dotflow_server.tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

CHECKS = [
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Any:
    """The schema of a server that asks nobody, over a copy of the store."""
    path = tmp_path_factory.mktemp("openapi") / "team.db"
    path.write_bytes(filled.read_bytes())
    storage = StorageSQLite(path, codec="json")
    tokens = Tokens(storage)
    access = Access(SECRET, tokens, b"k" * 32, free=True)
    app = create_app(
        Store(storage),
        access,
        mode="server",
        tokens=tokens,
        ingesting=Ingesting(storage),
        hosts=["testserver"],
    )
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    # It goes on for as long as somebody listens.
    return schema.exclude(path_regex="/stream$")


def test_every_route_does_as_it_says(api: Any) -> None:
    """Whatever a route is given, it answers as the schema says, and never fails."""
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:

        @settings(
            max_examples=5,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            answer = case.call(headers={"X-Dotflow": "1"})
            case.validate_response(answer, checks=CHECKS)

        check()
