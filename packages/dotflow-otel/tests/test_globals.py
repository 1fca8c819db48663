"""Whose providers the global ones are; each in a process, which has them once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

BEGIN = """
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from dotflow import Config, DotFlow, action
from dotflow.providers import (
    LogOpenTelemetry, MetricsOpenTelemetry, TracerOpenTelemetry,
)

@action
def step():
    return 1

def run(**providers):
    workflow = DotFlow(Config(**providers))
    workflow.task.add(step)
    workflow.start()
    return workflow
"""
QUIET = {
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
}


def program(text, **variables):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + text],
        env=kept | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_what_the_application_adds_to_the_global_providers_gets_the_signals():
    """Where nobody has set providers, dotflow's are the global ones from its tracer on."""
    program(
        """
tracer, meter = TracerOpenTelemetry(service_name="shop"), MetricsOpenTelemetry("shop")
log = LogOpenTelemetry("shop")
spans, records = InMemorySpanExporter(), InMemoryLogRecordExporter()
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(spans))
_logs.get_logger_provider().add_log_record_processor(SimpleLogRecordProcessor(records))
assert isinstance(metrics.get_meter_provider(), MeterProvider)
run(tracer=tracer, metrics=meter, log=log)
assert {s.name.partition(":")[0] for s in spans.get_finished_spans()} == {
    "workflow", "task"}
assert spans.get_finished_spans()[0].resource.attributes["service.name"] == "shop"
assert records.get_finished_logs()
""",
        **QUIET,
    )


def test_providers_of_the_application_are_never_replaced():
    """Where the application has set its own, they stay, and get the signals."""
    done = program(
        """
theirs = TracerProvider()
spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
theirs.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(theirs)
meters = MeterProvider([reader])
metrics.set_meter_provider(meters)
loggers = LoggerProvider()
_logs.set_logger_provider(loggers)
run(
    tracer=TracerOpenTelemetry("shop"),
    metrics=MetricsOpenTelemetry("shop"),
    log=LogOpenTelemetry("shop"),
)
assert trace.get_tracer_provider() is theirs
assert metrics.get_meter_provider() is meters
assert _logs.get_logger_provider() is loggers
assert len(spans.get_finished_spans()) == 2
assert reader.get_metrics_data().resource_metrics
"""
    )
    assert "Overriding" not in done.stderr
    assert "Completed" not in done.stdout


def test_a_second_service_has_a_provider_of_its_own():
    """The global provider is the first service's; the second's spans keep their name."""
    done = program(
        """
one, two = TracerOpenTelemetry("one"), TracerOpenTelemetry("two")
run(tracer=two)
assert trace.get_tracer_provider().resource.attributes["service.name"] == "one"
""",
        **QUIET | {"OTEL_TRACES_EXPORTER": "console"},
    )
    assert '"service.name": "two"' in done.stdout
    assert '"service.name": "one"' not in done.stdout
    assert "Overriding" not in done.stderr


def test_logs_without_a_place_are_shown():
    """Where no variable names a place for logs, the console shows the records."""
    done = program("run(log=LogOpenTelemetry(service_name='shop'))")
    assert "Completed" in done.stdout
    assert '"service.name": "shop"' in done.stdout


@pytest.mark.parametrize("output", ["console", "both"])
def test_logs_that_are_shown_already_are_not_shown_twice(output, tmp_path):
    """With lines on the console, the records are not written there besides."""
    done = program(
        f"run(log=LogOpenTelemetry(output={output!r}, path={str(tmp_path / 'l')!r}))"
    )
    assert "service.name" not in done.stdout
    assert "Completed" in done.stdout + done.stderr


@pytest.mark.parametrize("variable", ["OTEL_LOGS_EXPORTER", "OTEL_SDK_DISABLED"])
def test_logs_that_are_switched_off_are_not_shown(variable):
    """`none`, and the switch of the whole SDK, hold for the console, too."""
    value = "none" if variable.endswith("EXPORTER") else "true"
    assert (
        "Completed"
        not in program("run(log=LogOpenTelemetry())", **{variable: value}).stdout
    )


def test_the_switch_of_the_sdk_sets_no_provider():
    """With OTEL_SDK_DISABLED the global providers stay as they are."""
    program(
        """
TracerOpenTelemetry(), MetricsOpenTelemetry(), LogOpenTelemetry()
assert "Proxy" in type(trace.get_tracer_provider()).__name__
assert "Proxy" in type(metrics.get_meter_provider()).__name__
""",
        OTEL_SDK_DISABLED="true",
    )


def test_keys_of_exporters_are_hidden():
    """A step's exception tells no key that a header of an exporter or its address holds."""
    done = program(
        """
@action
def fail():
    raise ValueError("k3y-of-a-team-0123 s3cret+word p4ss-word shop")

workflow = DotFlow(Config(tracer=TracerOpenTelemetry()))
workflow.task.add(fail)
workflow.start()
print(workflow.result_task()[0].errors[-1].message)
""",
        **QUIET,
        OTEL_EXPORTER_OTLP_HEADERS=(
            "x-team=k3y-of-a-team-0123,Authorization=Bearer%20s3cret%2Bword,x-set=shop"
        ),
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://me:p4ss-word@127.0.0.1:9/v1/traces",
    )
    assert done.stdout.splitlines()[-1] == "*** *** *** shop"
