"""`doctor`, `login`, `logout`, and the commands that another distribution brings."""

from __future__ import annotations

import json
import stat
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

PENDING = (400, {"error": "authorization_pending"})
TOKEN = (200, {"api_token": "s3cret-token"})


class Api(HTTPServer):
    """A server to sign in to.

    Attributes:
        answers: What it answers to questions for the token, one after the other.
        asked: The questions.
    """

    answers: list[tuple[int, object]]
    asked: list[tuple[str, object]]

    @property
    def address(self) -> str:
        """The address of its API."""
        return f"http://127.0.0.1:{self.server_port}/api/v1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        api = self.server
        assert isinstance(api, Api)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        api.asked.append((self.path, body))
        status, answer = (
            200,
            {
                "verification_uri": "https://example.org/device",
                "user_code": "ABCD-1234",
                "device_code": "d3vice",
                "interval": 0.01,
                "expires_in": 60,
            },
        )
        if self.path.endswith("/token"):
            status, answer = api.answers.pop(0)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    """Give a server on the loopback interface."""
    server = Api(("127.0.0.1", 0), Handler)
    server.answers, server.asked = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_login(dotflow: Run, api: Api, environ: dict[str, str]) -> None:
    """Signing in shows the code, waits, and keeps the token where only its owner reads."""
    api.answers = [PENDING, PENDING, TOKEN]
    result = dotflow("login", "--base-url", api.address, "--no-browser")
    assert result.returncode == 0, result.stderr
    assert "ABCD-1234" in result.stdout
    assert "s3cret" not in result.stdout + result.stderr
    assert "d3vice" not in result.stdout + result.stderr
    path = Path(environ["HOME"], ".dotflow", "config.json")
    saved = json.loads(path.read_text())["cloud"]
    assert saved == {"base_url": api.address, "token": "s3cret-token"}
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert api.asked[-1] == ("/api/v1/cli/token", {"device_code": "d3vice"})
    doctor = dotflow("doctor")
    assert "Signed in: yes" in doctor.stdout
    assert "s3cret" not in doctor.stdout
    assert dotflow("logout").stdout == "Signed out.\n"
    assert dotflow("logout").stdout == "No saved credentials.\n"
    assert not path.exists()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((410, {"error": "expired_token"}), "expired"),
        ((400, {"error": "access_denied"}), "refused"),
        ((500, "broken"), "refused"),
        ((200, {"api_token": ""}), "refused"),
        ((302, {}), "refused"),
    ],
)
def test_refused(
    dotflow: Run, api: Api, answer: tuple[int, object], message: str
) -> None:
    """A sign-in that fails ends with 1 and says why."""
    api.answers = [answer]
    result = dotflow("login", "--base-url", api.address, "--no-browser")
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://127.0.0.1:1/api", 1),
        ("ftp://example.org", 2),
        ("https://", 2),
        ("https://user:hunter2@example.org", 2),
        ("http://[broken", 2),
        ("http://example.org:99999", 2),
        ("no address", 2),
    ],
)
def test_addresses(dotflow: Run, address: str, code: int) -> None:
    """An address that is none, or where nobody answers, is told without a traceback."""
    result = dotflow("login", "--base-url", address, "--no-browser")
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert "hunter2" not in result.stderr


def test_doctor(dotflow: Run) -> None:
    """What is installed is listed, with its version and how to get the rest."""
    found = json.loads(dotflow("doctor", "--json").stdout)
    assert found["healthy"]
    assert found["distributions"]["dotflow-core"]
    assert {"dotflow-server", "dotflow-deploy", "dotflow-dask"} <= {
        *found["distributions"]
    }
    assert "StorageFile" in found["providers"]
    assert "parallel" in found["modes"]
    for name, line in found["missing"].items():
        assert found["distributions"][name] is None
        assert line.startswith("pip install")
    assert "dotflow-core" in dotflow("doctor").stdout


def test_doctor_of_a_storage(dotflow: Run, folder: Path) -> None:
    """A storage that does not answer is told, with exit code 1."""
    dotflow("start", "-s", "steps.one", "-o", "sqlite:///runs.db")
    good = dotflow("doctor", "-o", "sqlite:///runs.db", "--json")
    assert json.loads(good.stdout)["storage"] == {
        "kind": "StorageSQLite",
        "reachable": True,
        "problem": None,
        "codec": "pickle",
        "history": True,
    }
    told = dotflow("doctor", "-o", "sqlite:///runs.db").stdout
    assert 'codec="pickle" (whoever may write to it runs code in its readers' in told
    (folder / "broken.db").write_text("this is no database, whatever its name says")
    bad = dotflow("doctor", "-o", "sqlite:///broken.db")
    assert bad.returncode == 1
    assert "does not work" in bad.stdout


@pytest.mark.parametrize(
    "address",
    [
        "redis://user:hunter2@127.0.0.1:1/0",
        "redis://user:x/hunter2@127.0.0.1:1/0",
        "redis://127.0.0.1:1/0?password=hunter2",
        "postgresql://user:x@hunter2@127.0.0.1:1/shop",
        "postgresql://127.0.0.1:1/shop?password=hunter2&connect_timeout=2",
        "nosuch://user:x?hunter2@127.0.0.1:1",
    ],
)
@pytest.mark.sampled(3)
def test_doctor_tells_no_secret(dotflow: Run, address: str) -> None:
    """Neither a token nor the password of an address is shown."""
    secrets = {"SERVER_USER_TOKEN": "hunter2", "DOTFLOW_STORAGE": address}
    for arguments in (["doctor"], ["doctor", "--json"], ["runs"], ["show"]):
        result = dotflow(*arguments, **secrets)
        assert result.returncode in (1, 2)
        assert "hunter2" not in result.stdout + result.stderr
    assert "SERVER_USER_TOKEN" in dotflow("doctor", **secrets).stdout


@pytest.mark.skipif(find_spec("dotflow_deploy") is not None, reason="it is installed")
@pytest.mark.parametrize(
    "arguments",
    [
        ["deploy", "--platform", "lambda", "--project", "shop"],
        ["destroy", "--platform", "lambda", "--yes"],
        ["status", "--platform", "lambda"],
        ["cloud", "list"],
        ["cloud", "generate", "--platform", "docker"],
    ],
)
def test_deploy_is_not_installed(dotflow: Run, arguments: list[str]) -> None:
    """Without dotflow-deploy its commands say what to install, with exit code 2."""
    result = dotflow(*arguments)
    assert result.returncode == 2
    assert 'pip install "dotflow[deploy]==' in result.stderr
    assert dotflow("cloud").returncode == 0


def test_deploy_is_installed(dotflow: Run, folder: Path) -> None:
    """The commands of dotflow-deploy are those of its module `cli`."""
    package = folder / "dotflow_deploy"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(
        "import click\n"
        "@click.command()\n"
        "@click.option('--platform')\n"
        "def deploy(platform):\n"
        "    click.echo(f'deployed to {platform}')\n"
        "cloud = click.Group('cloud', commands=[click.Command('list')])\n"
    )
    result = dotflow("deploy", "--platform", "x", PYTHONPATH=str(folder))
    assert result.stdout == "deployed to x\n", result.stderr
