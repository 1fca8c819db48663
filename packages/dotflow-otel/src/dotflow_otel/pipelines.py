"""Where signals go: the application's providers, or ones made for dotflow.

It imports the SDK, so it is imported late.
"""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from threading import Lock
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    ConsoleLogRecordExporter,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricReader,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from dotflow.delivery.leaving import at_exit
from dotflow.logging import logger
from dotflow_otel.exporting import keep_keys, make
from dotflow_otel.flush import LastFlush

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_SERVICE = "dotflow"

_LOG_PLACES = (
    "OTEL_LOGS_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
)

# A provider has a thread that never ends, so there is one for the same settings, however
# many configurations a program makes.
_private: dict[Any, tuple[Any, LastFlush]] = {}
_making = Lock()
_warned: set[str] = set()


def tracer_provider(service_name: str) -> trace.TracerProvider:
    """Return the application's tracer provider if it has set one, else dotflow's."""
    found: trace.TracerProvider = _choose(
        trace.get_tracer_provider(),
        service_name,
        _make_tracer_provider,
        trace.set_tracer_provider,
    )
    return found


def meter_provider(service_name: str) -> metrics.MeterProvider:
    """Return the application's meter provider if it has set one, else dotflow's."""
    found: metrics.MeterProvider = _choose(
        metrics.get_meter_provider(),
        service_name,
        _make_meter_provider,
        metrics.set_meter_provider,
    )
    return found


def logger_provider(service_name: str, shown: bool = False) -> _logs.LoggerProvider:
    """Return the application's logger provider if it has set one, else dotflow's.

    Args:
        service_name: The resource's name.
        shown: Whether the console shows the same already.
    """
    found: _logs.LoggerProvider = _choose(
        _logs.get_logger_provider(),
        service_name,
        _make_shown_provider if shown else _make_logger_provider,
        _logs.set_logger_provider,
    )
    return found


def _choose(
    configured: Any,
    service_name: str,
    make_one: Callable[[Resource], Any],
    publish: Callable[[Any], None],
) -> Any:
    keep_keys()
    # What the API returns until somebody has set a provider has no public name.
    unset = "Proxy" in type(configured).__name__
    # One that dotflow has set itself is that of one service; another has its own.
    if not unset and all(configured is not ours for ours, _ in list(_private.values())):
        return configured
    settings = sorted((k, v) for k, v in os.environ.items() if k.startswith("OTEL_"))
    # By process: a forked child, as of a prefork server, has counts of its own.
    key = (make_one, service_name, os.getpid(), tuple(settings))
    with _making:
        if key not in _private:
            provider = make_one(_resource(service_name))
            _private[key] = (provider, LastFlush(provider))
            at_exit(_private[key][1])
            if unset:
                # So that what the application adds to the global one gets it too.
                publish(provider)
        return _private[key][0]


def _make_tracer_provider(resource: Resource) -> TracerProvider:
    # Not at exit: `LastFlush` has a limit, the SDK's own hook has none.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    for exporter in _exporters("traces"):
        provider.add_span_processor(BatchSpanProcessor(make(exporter)))
    return provider


def _make_meter_provider(resource: Resource) -> MeterProvider:
    readers = [
        # An entry point can also be what is asked for its values, as for Prometheus.
        found() if _is_reader(found) else _Reader(make(found))
        for found in _exporters("metrics")
    ]
    return MeterProvider(readers, resource=resource, shutdown_on_exit=False)


def _make_logger_provider(resource: Resource, shown: bool = False) -> LoggerProvider:
    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    if any(os.environ.get(name) for name in _LOG_PLACES):
        for exporter in _exporters("logs"):
            provider.add_log_record_processor(BatchLogRecordProcessor(make(exporter)))
    elif not shown:
        # Nobody has said where to: a log that goes nowhere would be none.
        console = ConsoleLogRecordExporter()
        provider.add_log_record_processor(SimpleLogRecordProcessor(console))
    return provider


def _make_shown_provider(resource: Resource) -> LoggerProvider:
    return _make_logger_provider(resource, shown=True)


class _Reader(PeriodicExportingMetricReader):
    """Exports from the process that counts: a forked worker has copies of its sums."""

    def __init__(self, exporter: Any) -> None:
        self._pid = os.getpid()
        super().__init__(exporter)

    def _receive_metrics(
        self,
        metrics_data: MetricsData,
        timeout_millis: float = 10_000,
        **kwargs: Any,
    ) -> None:
        if self._pid == os.getpid():
            super()._receive_metrics(metrics_data, timeout_millis, **kwargs)


def _is_reader(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, MetricReader)


def _exporters(signal: str) -> list[Any]:
    """Return the classes that `OTEL_<SIGNAL>_EXPORTER` names, "otlp" by default."""
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    names = os.environ.get(variable) or "otlp"
    found = []
    for name in filter(None, map(str.strip, names.split(","))):
        if name == "none":
            continue
        points = entry_points(
            group=f"opentelemetry_{signal}_exporter", name=_entry_point(signal, name)
        )
        if points:
            found.append(next(iter(points)).load())
        else:
            _warn_about(signal, name, variable)
    return found


def _entry_point(signal: str, name: str) -> str:
    if name != "otlp":
        return name
    protocol = (
        os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL")
        or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or "http/protobuf"
    )
    return "otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"


def _warn_about(signal: str, name: str, variable: str) -> None:
    if signal in _warned:
        return
    _warned.add(signal)
    logger.warning(
        "The %s go nowhere: there is no OpenTelemetry exporter %r here."
        ' pip install "dotflow-otel[otlp]" brings the one for OTLP; %s=console shows them'
        " on the console, %s=none silences this.",
        signal,
        name,
        variable,
        variable,
    )


def _resource(service_name: str) -> Resource:
    attributes: dict[str, str | int] = {"process.pid": os.getpid()}
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    # What the program says goes before the environment, which goes before the default.
    if service_name != DEFAULT_SERVICE or not named:
        attributes["service.name"] = service_name
    return Resource.create(attributes)
