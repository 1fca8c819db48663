"""A workflow to run in a process of its own: `program.py MODE START_METHOD WHAT`."""

import json
import logging
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite
from dotflow_otel import LogOpenTelemetry, MetricsOpenTelemetry, TracerOpenTelemetry

MODE, START_METHOD, WHAT = sys.argv[1:4]

if WHAT == "own-spans":
    # At the top of the module, where a spawned worker does it as well.
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    trace.set_tracer_provider(TracerProvider())
    trace.get_tracer_provider().add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter())
    )


@action
def a():
    if WHAT == "prints":
        print("printed")
        logging.getLogger("shop").warning("logged")
    if WHAT == "own-spans":
        with trace.get_tracer("user").start_as_current_span("inside a"):
            pass
    return os.getpid()


@action(retry=2, retry_delay=0)
def b(a):
    marker = Path(sys.argv[4])
    if not marker.exists():
        marker.touch()
        raise ValueError("once")
    return "b"


@action
def c(a=None):  # which nothing provides in a group
    return "c"


@action
def d(b, c):
    if WHAT == "fails":
        raise KeyError("for good")
    if WHAT == "interrupted":
        os.kill(int(sys.argv[5]) if len(sys.argv) > 5 else os.getppid(), signal.SIGINT)
        time.sleep(60)
    return b + c


@action
def current():
    from opentelemetry import propagate

    carrier = {}
    propagate.inject(carrier)
    return carrier


@action
async def current_async():
    from opentelemetry import propagate

    carrier = {}
    propagate.inject(carrier)
    return carrier


def main():
    if START_METHOD != "none":
        multiprocessing.set_start_method(START_METHOD)
    config = Config(
        tracer=TracerOpenTelemetry(),
        metrics=MetricsOpenTelemetry(),
        log=LogOpenTelemetry(),
    )
    if WHAT == "prints":
        config.storage = StorageSQLite("runs.db")
    flow = DotFlow(config=config, workflow_id="w1")
    if WHAT == "current":
        flow.task.add(step=current)
        flow.task.add(step=current_async)
    elif MODE == "sequential_group":
        for group in ("left", "right"):
            flow.task.add(step=a, group_name=group, name=f"{group}-1")
            flow.task.add(step=c, group_name=group, name=f"{group}-2")
    else:
        flow.task.add(step=a)
        flow.task.add(step=b, depends_on=["a"])
        flow.task.add(step=c, depends_on=["a"])
        flow.task.add(step=d, depends_on=["b", "c"])
    started = time.monotonic()
    try:
        if WHAT == "called":
            from opentelemetry.sdk.trace import TracerProvider

            tracer = TracerProvider().get_tracer("caller")
            with tracer.start_as_current_span("caller") as span:
                started_run = flow.start(mode=MODE)
                print(json.dumps(f"{span.get_span_context().span_id:016x}"))
        else:
            started_run = flow.start(mode=MODE)
    except KeyboardInterrupt:
        print(json.dumps("interrupted"))
        return
    if MODE == "background":
        started_run.wait()
    if WHAT != "called":
        print(
            json.dumps(
                {
                    "statuses": [task.status for task in flow.result_task()],
                    "results": [c.storage for c in flow.result_context()],
                    "seconds": time.monotonic() - started,
                }
            )
        )


if __name__ == "__main__":
    main()
