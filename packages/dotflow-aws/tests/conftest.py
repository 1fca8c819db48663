"""A real S3 endpoint on loopback, and endpoints that fail."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SERVER = Path(__file__).parent / "s3_server.py"
LIMIT = 120.0  # seconds; only a hang that should not be reaches it
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
    server = subprocess.Popen(
        [sys.executable, SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        port = server.stdout.readline().strip()
        assert port, "the S3 server has not started"
        yield f"http://127.0.0.1:{port}"
        server.stdin.close()
        server.wait()


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


# Of each connection, not of what is passed on.
OWN_HEADERS = ("connection", "content-length", "date", "server", "transfer-encoding")


class Request(BaseHTTPRequestHandler):
    """A request to an endpoint that does what a test says."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def log_message(self, *args):
        pass

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()  # boto3 waits a second for it
        return True

    def handle_request(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.plan(self)

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = handle_request  # noqa: N815

    def forward(self):
        """Ask the real service; return the status, the headers and the body."""
        link = http.client.HTTPConnection(self.server.upstream, timeout=LIMIT)
        try:
            headers = {k: v for k, v in self.headers.items() if k != "Expect"}
            link.request(self.command, self.path, self.body, headers)
            answer = link.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            link.close()

    def reply(self, status, headers=(), body=b"", length=None):
        """Answer; with a length of more than the body has, break off."""
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = length is not None

    def pass_on(self):
        self.reply(*self.forward())

    def noise(self):
        """Answer with what is no HTTP."""
        self.wfile.write(b"\x00\x01 not HTTP at all\r\n\r\n")
        self.close_connection = True

    def hang(self):
        """Never answer, until the test is over."""
        self.server.released.wait(LIMIT)
        self.close_connection = True


@pytest.fixture
def endpoint(s3_url):
    """Return what starts an endpoint in front of the service, with a plan."""
    servers = []

    def start(plan):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        server.daemon_threads = True
        server.upstream = s3_url.removeprefix("http://")
        server.plan = plan
        server.requests = []
        server.released = threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        # A client that gives up leaves a handler with a broken pipe, which is no news.
        server.handle_error = lambda *args: None
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.released.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def closed_url():
    """Return an address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
