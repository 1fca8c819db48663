"""A real S3 endpoint on loopback, and endpoints that fail."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from dotflow.testing import relay
from dotflow.testing.served import served

SERVER = Path(__file__).parent / "s3_server.py"
# What a developer's machine may have set must not reach the tests.
FOREIGN = (
    "AWS_CONFIG_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SESSION_TOKEN",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "https_proxy",
    "http_proxy",
)


@pytest.fixture(autouse=True)
def _fake_credentials(monkeypatch, tmp_path):
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def s3_url():
    """Return the address of an S3 service that runs in a process of its own."""
    pytest.importorskip("moto", reason="moto[s3,server] is the S3 of these tests")
    with served(SERVER) as url:
        yield url


@pytest.fixture(scope="session")
def client(s3_url):
    """Return a plain boto3 client of that service."""
    from boto3.session import Session

    session = Session("testing", "testing", region_name="us-east-1")
    made = session.client("s3", endpoint_url=s3_url)
    yield made
    made.close()


@pytest.fixture
def bucket(client):
    """Return the name of a new bucket."""
    name = f"bucket-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def make(s3_url, bucket):
    """Return what makes storages of the bucket, and closes them."""
    from dotflow_aws import StorageS3

    made = []

    def new(**arguments):
        arguments = {"bucket": bucket, "endpoint_url": s3_url} | arguments
        made.append(StorageS3(**arguments))
        return made[-1]

    yield new
    for storage in made:
        storage.close()


@pytest.fixture
def endpoint(s3_url):
    """Return what starts an endpoint in front of the service, with a plan."""
    with ExitStack() as servers:
        yield lambda plan: servers.enter_context(relay(s3_url, plan))
