"""The shared promise of what tells, for each signal of OpenTelemetry."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from dotflow.testing import TellingFaultContract
from dotflow_otel import LogOpenTelemetry, MetricsOpenTelemetry, TracerOpenTelemetry

if TYPE_CHECKING:
    from collections.abc import Callable

MADE: dict[str, Callable[[], Any]] = {
    "tracer": TracerOpenTelemetry,
    "metrics": MetricsOpenTelemetry,
    "log": LogOpenTelemetry,
}
SECRET = "hush-hush"


@pytest.fixture(autouse=True, params=MADE)
def _signal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    request.instance.family = request.param
    request.instance.monkeypatch = monkeypatch


class TestSignals(TellingFaultContract):
    secrets = (SECRET,)
    monkeypatch: pytest.MonkeyPatch

    def make_provider(self, url: Any) -> Any:
        self.monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        self.monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        self.monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"api-key={SECRET}")
        return MADE[self.family]()
