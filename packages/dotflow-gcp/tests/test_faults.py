"""StorageGCS when GCS fails: a clear error, in time, and nothing lost."""

from __future__ import annotations

import gc
import json

import pytest

from dotflow.testing import ObjectStorageFaultContract, faulty_endpoint
from dotflow.testing.object_faults import OPERATIONS

# Google's client drops an answer that it retries without reading it, so its socket is
# closed by the garbage collector, which says so.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
every_operation = pytest.mark.parametrize("operation", OPERATIONS)


def problem(status, message="Something is wrong."):
    """Return the arguments of a reply with one of GCS's errors."""
    error = {"error": {"code": status, "message": message}}
    return status, [("Content-Type", "application/json")], json.dumps(error).encode()


@pytest.fixture
def at(make, monkeypatch):
    """Return what makes a storage of the service at an address, which asks once."""

    def new(url, **arguments):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        return make(**{"retry_timeout": 0} | arguments)

    return new


@pytest.fixture
def _collected():
    """Collect what Google's client drops before another test is blamed for it."""
    yield
    gc.collect()


@pytest.mark.usefixtures("_collected")
class TestFaults(ObjectStorageFaultContract):
    write_command = "POST"

    @pytest.fixture(autouse=True)
    def _service(self, gcs_url, at):
        self.service_url, self.at = gcs_url, at

    def make_at(self, url, *, repeats=False, **arguments):
        return self.at(url, retry_timeout=60 if repeats else 0, **arguments)

    def trouble(self):
        return problem(503)


failure = TestFaults().failure


@pytest.mark.usefixtures("_collected")
def test_retries_have_an_end(at):
    """A service that stays away is given up when the time for retries is over."""
    with faulty_endpoint("refuses") as url:
        text = failure(at(url, retry_timeout=0.5), "get")
    assert "retry_timeout=" in text


@every_operation
def test_internal_errors(at, endpoint, operation):
    """What an endpoint in trouble says is in the error."""
    server = endpoint(lambda request: request.reply(*problem(500, "Backend trouble.")))
    assert "Backend trouble" in failure(at(server.url), operation)


@pytest.mark.parametrize("operation", ["post", "get", "atomic_swap"])
def test_empty_json(at, endpoint, operation):
    """An answer that is JSON, and of no object, is not taken for a stored one."""
    server = endpoint(lambda request: request.reply(200, body=b"{}"))
    assert "does not speak GCS" in failure(at(server.url), operation)


def test_missing_object_is_no_missing_bucket(make, monkeypatch, endpoint):
    """A missing key costs a look at the bucket the first time, and no error."""
    server = endpoint(lambda request: request.pass_on())
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    storage = make()
    for _ in range(3):
        assert not storage.get("k").task_id
    assert len(server.requests) == 4


def test_missing_credentials(make, monkeypatch, tmp_path):
    """Where there are no credentials, the error says how to give them."""
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    text = failure(make(), "get")
    assert "gcloud auth application-default login" in text


@every_operation
def test_missing_permission(at, endpoint, operation):
    """A refusal says what Google says, and names the role that is enough."""
    message = "me@x does not have storage.objects.get access."
    server = endpoint(lambda request: request.reply(*problem(403, message)))
    text = failure(at(server.url), operation)
    assert "me@x does not have storage.objects.get access" in text
    assert "Storage Object User" in text
