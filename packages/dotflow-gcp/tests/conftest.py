"""A GCS endpoint on loopback, and endpoints that fail."""

from __future__ import annotations

import json
import urllib.request
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from dotflow.testing import relay
from dotflow.testing.served import served

SERVER = Path(__file__).parent / "gcs_server.py"
# What a developer's machine may have set must not reach the tests.
FOREIGN = (
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "https_proxy",
    "http_proxy",
)


@pytest.fixture(scope="session")
def gcs_url():
    """Return the address of a GCS service that runs in a process of its own."""
    with served(SERVER) as url:
        yield url


@pytest.fixture(autouse=True)
def _emulator(monkeypatch, gcs_url):
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_url)
    # Newer clients ask once for the bucket, in a thread, for spans: noise in a test.
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")


@pytest.fixture
def bucket(gcs_url):
    """Return the name of a new bucket."""
    name = f"bucket-{uuid.uuid4().hex}"
    request = urllib.request.Request(
        f"{gcs_url}/storage/v1/b", json.dumps({"name": name}).encode(), method="POST"
    )
    with urllib.request.urlopen(request):
        return name


@pytest.fixture
def client(_emulator):
    """Return a plain client of Google's for that service."""
    from google.cloud.storage import Client

    made = Client()
    yield made
    made.close()


@pytest.fixture
def make(bucket):
    """Return what makes storages of the bucket, and closes them."""
    from dotflow_gcp import StorageGCS

    made = []

    def new(**arguments):
        made.append(StorageGCS(**{"bucket": bucket} | arguments))
        return made[-1]

    yield new
    for storage in made:
        storage.close()


@pytest.fixture
def endpoint(gcs_url):
    """Return what starts an endpoint in front of the service, with a plan."""
    with ExitStack() as servers:
        yield lambda plan: servers.enter_context(relay(gcs_url, plan))
