"""AWS's APIs on loopback, a project to deploy there, and what packages it quickly."""

from __future__ import annotations

import json
import os
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("boto3")
pytest.importorskip("moto.server", reason="moto[server] is the AWS of these tests")

import aws_inventory as inventories
import moto_server as servers
from deploying import SECRET

from dotflow_deploy.aws import (
    containers,
    functions,
    packaging,
    parts,
    state_machines,
)
from dotflow_deploy.aws.account import Account
from dotflow_deploy.build import Builder, Echo
from dotflow_deploy.errors import BuildError
from dotflow_deploy.options import Options
from dotflow_deploy.project import Project, load_project, named_project

if TYPE_CHECKING:
    from dotflow_deploy.stack import Stack

# What a developer's machine may have set must not reach the tests.
FOREIGN = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_SESSION_TOKEN",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "https_proxy",
    "http_proxy",
)


DEPLOYERS: Mapping[str, Callable[..., Stack]] = {
    "lambda": functions.plain,
    "lambda-scheduled": functions.scheduled,
    "lambda-s3-trigger": functions.s3_trigger,
    "lambda-sqs-trigger": functions.sqs_trigger,
    "lambda-api-trigger": functions.api_trigger,
    "ecs": containers.plain,
    "ecs-scheduled": containers.scheduled,
    "step-functions": state_machines.stack,
}


class QuickZip(Builder[Path]):
    """Zips the project's own files: pip has its tests elsewhere."""

    def __init__(self, project: Project, size: int = 0) -> None:
        self.project = project
        self.size = size
        self.built = 0

    @property
    def digest(self) -> str:
        """A digest of the files."""
        return self.project.digest("quick")

    def build(self, echo: Echo) -> Path:
        """Make the zip file."""
        self.built += 1
        path = self.project.root.parent / f"{self.digest[:12]}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            entry = zipfile.ZipInfo("handler.py", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, self.digest + "x" * self.size)
        return path


class QuickImage(Builder[str]):
    """Pushes a manifest as an image: docker has its tests elsewhere."""

    def __init__(self, project: Project, repository: str, ecr: Any) -> None:
        self.project = project
        self.repository = repository
        self.ecr = ecr
        self.built = 0
        self.salt = ""

    @property
    def digest(self) -> str:
        """A digest of the files."""
        return self.project.digest("quick")

    def build(self, echo: Echo) -> str:
        """Push it."""
        self.built += 1
        tag = self.digest[:12]
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        content = sha256(f"{self.digest}{self.salt}".encode()).hexdigest()
        layer = f"sha256:{content}"
        manifest = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {"mediaType": kind, "size": 1, "digest": layer},
            "layers": [{"mediaType": kind, "size": 1, "digest": layer}],
        }
        try:
            self.ecr.put_image(
                repositoryName=self.repository,
                imageManifest=json.dumps(manifest),
                imageManifestMediaType=kind,
                imageTag=tag,
            )
        except self.ecr.exceptions.ClientError as error:
            raise BuildError(f"not pushed: {error}") from error
        return f"{self.repository}:{tag}"


@dataclass
class Deployment:
    """A project on its way to a platform."""

    platform: str
    root: Path
    inventory: Any
    options: Options = field(default_factory=Options)
    env: Mapping[str, str] | None = None

    @property
    def project(self) -> Project:
        """The project as it is now."""
        return load_project(self.root, name="shop", env=self.env)

    def builder(self) -> Builder[Any]:
        """Return what packages it."""
        if self.platform.startswith("ecs"):
            return QuickImage(self.project, "shop", self.inventory.client("ecr"))
        if self.options.builder == "docker":
            client = self.inventory.client("ecr")
            return QuickImage(self.project, "shop-lambda", client)
        return QuickZip(self.project)

    def stack(self, packager: Builder[Any] | None = None, **options: Any) -> Stack:
        """Return its stack, as another process would make it."""
        return DEPLOYERS[self.platform](
            self.project,
            replace(self.options, **options),
            packager or self.builder(),
        )

    def named(self) -> Stack:
        """Return its stack as `dotflow destroy --project` makes it."""
        nowhere = self.root / "nowhere"
        return DEPLOYERS[self.platform](named_project(nowhere, "shop"), Options())


CLIENTS: dict[Any, dict[str, Any]] = {}


def _account(region: str | None, secrets: Sequence[str]) -> Account:
    """Return an account that shares its clients with those of the same settings.

    One takes a tenth of a second to make, and knows nothing of what is there.
    """
    settings = [item for item in os.environ.items() if item[0].startswith("AWS_")]
    made = Account(region, secrets)
    made._clients = CLIENTS.setdefault((region, *sorted(settings)), {})
    return made


def _remembered() -> Callable[..., dict[str, str]]:
    found: dict[str, dict[str, str]] = {}

    def generated(platform: str, project: Project, echo: Echo) -> dict[str, str]:
        if platform not in found:
            found[platform] = packaging.generated(platform, project, echo)
        return found[platform]

    return generated


@pytest.fixture(scope="session")
def _server() -> Iterator[Any]:
    server = servers.Server()
    yield server
    server.stop()


@pytest.fixture
def aws(_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Give AWS's APIs, with an empty account and the credentials for it."""
    request = urllib.request.Request(f"{_server.url}/moto-api/reset", method="POST")
    urllib.request.urlopen(request).close()
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", _server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(parts, "Account", _account)
    # Compiling a workflow takes a process of its own.
    monkeypatch.setattr(state_machines, "generated", _remembered())
    _server.forget()
    _server.faults.clear()
    yield _server
    _server.faults.clear()


@pytest.fixture(scope="session")
def _inventory(_server: Any) -> Any:
    return inventories.Inventory(_server.url)


@pytest.fixture
def inventory(aws: Any, _inventory: Any) -> Any:
    """Give what tells everything in the account."""
    return _inventory


@pytest.fixture(params=[*DEPLOYERS, "lambda docker", "step-functions scheduled"])
def deployment(
    request: pytest.FixtureRequest, aws: Any, inventory: Any, shop: Path
) -> Deployment:
    """Give a project on its way to each of the platforms."""
    return make_deployment(request.param, inventory, shop)


def make_deployment(name: str, inventory: Any, root: Path) -> Deployment:
    """Return a project on its way to a platform."""
    platform, _, variant = name.partition(" ")
    options = Options()
    if platform.endswith("-scheduled") or variant == "scheduled":
        options = Options(schedule="0 6 * * 1-5")
    if variant == "docker":
        options = Options(builder="docker")
    env = {"STAGE": "prod", "TOKEN": SECRET}
    return Deployment(platform, root, inventory, options, env)


@pytest.fixture
def deployed(aws: Any, inventory: Any, shop: Path) -> Callable[[str], Deployment]:
    """Give what makes a deployment to a platform by its name."""
    return lambda name: make_deployment(name, inventory, shop)


@pytest.fixture
def fault(aws: Any) -> Callable[..., Any]:
    """Give what has requests of one kind refused."""
    return lambda matches, **how: aws.failing(servers.Fault(matches, **how))


@pytest.fixture
def mutates() -> Callable[[str], bool]:
    """Give what tells whether an operation may change something."""
    found: Callable[[str], bool] = servers.mutates
    return found


class Clock:
    """A clock on which only waiting takes time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the clock that waiting goes by."""
    made = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    monkeypatch.setattr(time, "sleep", made.sleep)
    return made


@pytest.fixture
def secret() -> str:
    """Give the value of a variable that must never be shown."""
    return SECRET
