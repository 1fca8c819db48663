"""An OTLP/HTTP receiver on loopback, and programs that send to it."""

import gzip
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from dotflow.testing import relay

REQUESTS = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


def plain(attributes):
    """Turn a list of OTLP key-values into a dict."""
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in attributes}


class Receiver:
    """Decodes what arrives; `behaviour` is "ok", "500", "garbage", "hang" or "slow"."""

    def __init__(self):
        self.behaviour = "ok"
        self.requests = defaultdict(list)

    def take(self, received):
        """Decode a request, and answer it."""
        body = received.body
        if received.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = REQUESTS[received.path]()
        request.ParseFromString(body)
        self.requests[received.path].append(request)
        received.behave(self.behaviour)

    def resources(self, path):
        """List the attributes of the resources that arrived."""
        groups = {"/v1/traces": "spans", "/v1/metrics": "metrics", "/v1/logs": "logs"}
        return [
            plain(group.resource.attributes)
            for request in list(self.requests[path])
            for group in getattr(request, f"resource_{groups[path]}")
        ]

    def spans(self):
        """Return the spans that arrived, by `dotflow.task.name` or their own name."""
        found = [
            span
            for request in list(self.requests["/v1/traces"])
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        by_name = {
            plain(s.attributes).get("dotflow.task.name", s.name): s for s in found
        }
        assert len(by_name) == len(found), "a span arrived twice"
        return by_name

    def logs(self):
        """List the log records that arrived."""
        return [
            record
            for request in list(self.requests["/v1/logs"])
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def metrics(self):
        """Return the last data points that arrived, by metric and status."""
        values = {}
        for request in list(self.requests["/v1/metrics"]):
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        data = getattr(metric, metric.WhichOneof("data"))
                        for point in data.data_points:
                            status = plain(point.attributes).get("status")
                            values[metric.name, status] = point
        return values


@pytest.fixture
def receiver():
    found = Receiver()
    with relay("", found.take) as server:
        found.url = server.url
        yield found


@pytest.fixture
def run(receiver, tmp_path):
    """Run `program.py` against the receiver and return what it printed."""

    def run(mode="sequential", start_method="none", what="ok", **environ):
        command = [sys.executable, Path(__file__).with_name("program.py")]
        command += [mode, start_method, what, tmp_path / "marker"]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
        clean.pop("TRACEPARENT", None)
        if mode == "sequential":
            # Where a step interrupts the run, it runs in the program itself.
            code = (
                "import os, runpy, sys; sys.argv = sys.argv[1:] + [str(os.getpid())]; "
            )
            code += "runpy.run_path(sys.argv[0], run_name='__main__')"
            command[1:2] = ["-c", code, command[1]]
        result = subprocess.run(
            list(map(str, command)),
            env=clean | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url} | environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, result.stderr
        run.stdout, run.stderr = result.stdout, result.stderr
        # What an exporter shows on the console comes after it, at the exit.
        told = [x for x in result.stdout.splitlines() if x.startswith(('{"stat', '"'))]
        return json.loads(told[-1])

    return run
