"""`dotflow deploy`, `status` and `destroy` as a user types them, against a real server."""

from __future__ import annotations

import json
import subprocess
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("moto.server")

from deploying import SECRET, called

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def server() -> Iterator[str]:
    """Give the address of a server with AWS's APIs, empty."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    # What it holds is kept in this process, whichever server it was given to.
    with urllib.request.urlopen(
        urllib.request.Request(f"{url}/moto-api/reset", method="POST")
    ):
        yield url
    server.stop()


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    """Give a folder with a wheel named boto3: Lambda has it, so it is not packaged."""
    info = "boto3-1.99.dist-info"
    with zipfile.ZipFile(tmp_path / "boto3-1.99-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: boto3\nVersion: 1.99\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr(f"{info}/RECORD", f"{info}/METADATA,,\n{info}/WHEEL,,\n")
    return tmp_path


@pytest.fixture
def dotflow(server: str, shop: Path, wheels: Path, sdk: Path) -> Run:
    """Give the command, with credentials for the server, in the project's folder."""
    return partial(
        called,
        shop,
        AWS_ENDPOINT_URL=server,
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY=SECRET,
        AWS_CONFIG_FILE=str(shop / "absent"),
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=f"{wheels} {sdk}",
        # hatchling is here already, and there is no index to take it from.
        PIP_NO_BUILD_ISOLATION="0",
    )


def test_life_of_a_deployment(dotflow: Run) -> None:
    """A plan changes nothing, a second deployment neither, and destroy leaves nothing."""
    target = ("--platform", "lambda-scheduled", "--project", "shop")
    wanted = ("deploy", *target, "--schedule", "0 6 * * 1-5", "--env", "TOKEN")

    plan = dotflow(*wanted, "--dry-run")
    assert plan.returncode == 0, plan.stderr
    assert "Lambda function" in plan.stdout
    assert "to create" in plan.stdout
    assert dotflow("status", *target).returncode == 1

    first = dotflow(*wanted)
    assert first.returncode == 0, first.stderr
    assert "Creating Lambda function" in first.stderr
    again = dotflow(*wanted, "--json")
    changes = json.loads(again.stdout)["changes"]
    assert {change["action"] for change in changes} == {"keep"}

    status = dotflow("status", *target, "--json")
    assert status.returncode == 0
    states = {found["state"] for found in json.loads(status.stdout)["resources"]}
    assert states == {"present"}

    refused = dotflow("destroy", *target)
    assert refused.returncode != 0, "nobody has said yes"
    assert dotflow("status", *target).returncode == 0
    gone = dotflow("destroy", *target, "--yes")
    assert gone.returncode == 0, gone.stderr
    assert "removed" in gone.stdout
    after = dotflow("status", *target, "--json")
    states = {found["state"] for found in json.loads(after.stdout)["resources"]}
    assert states == {"absent"}


def test_destroy_from_anywhere(dotflow: Run, shop: Path) -> None:
    """`dotflow destroy` needs the project's name and none of its files."""
    target = ("--platform", "lambda", "--project", "shop")
    assert dotflow("deploy", *target).returncode == 0
    for path in sorted(shop.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    gone = dotflow("destroy", *target, "--yes")
    assert gone.returncode == 0, gone.stderr
    assert dotflow("status", *target).returncode == 1
