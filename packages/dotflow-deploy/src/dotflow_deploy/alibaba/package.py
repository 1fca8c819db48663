"""The code of a function: a zip for the runtime of Python, or an image."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any, Final, Protocol

from dotflow_deploy.build import DockerBuilder, Login, ZipBuilder
from dotflow_deploy.errors import InvalidProject

if TYPE_CHECKING:
    from dotflow_deploy.build import Echo
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

# The Python that is a runtime there and that dotflow runs on.
_PYTHON: Final = "3.12"
_MODULE: Final = "dotflow_function"
_UNPACKED: Final = 500 * 1024 * 1024
_PORT: Final = 9000

_HANDLER: Final = '''\
"""What Function Compute calls: a run of the workflow, with the event as its content."""

import json

from dotflow.serving import outcome, run
from {module} import {factory} as make_workflow


def handler(event, _context):
    """Run the workflow. One that fails raises, and so the call fails too."""
    content = json.loads(event) if event.strip() else {{}}
    return json.dumps(outcome(run(make_workflow, content)))
'''


class Package(Protocol):
    """The code of a function."""

    @property
    def digest(self) -> str:
        """A digest of what it is made of, known without making it."""

    @property
    def runtime(self) -> str:
        """What it runs on."""

    def code(self, echo: Echo) -> dict[str, Any]:
        """Make it, and return how the API is told of it.

        Args:
            echo: Takes a line about each slow step.
        """


class ZipPackage:
    """A zip for the runtime of Python: made without docker.

    Args:
        project: What is packaged.

    Raises:
        InvalidProject: There is no runtime of its Python.
    """

    runtime = f"python{_PYTHON}"

    def __init__(self, project: Project) -> None:
        if project.python != _PYTHON:
            raise InvalidProject(
                f"Function Compute has Python {_PYTHON} and none of {project.python}:"
                f" --python {_PYTHON}, or --builder docker"
            )
        text = _HANDLER.format(module=project.module, factory=project.factory)
        self._builder = ZipBuilder(
            project,
            files={f"{_MODULE}.py": text},
            distributions=["dotflow-core"],
            limit=_UNPACKED,
        )

    @property
    def digest(self) -> str:
        """A digest of what goes into the zip."""
        return self._builder.digest

    def code(self, echo: Echo) -> dict[str, Any]:
        """Make the zip."""
        content = self._builder.build(echo).read_bytes()
        return {
            "code": {"zipFile": base64.b64encode(content).decode()},
            "handler": f"{_MODULE}.handler",
        }


class ImagePackage:
    """An image with a server, built and pushed with docker.

    Its registry is that of the region, or the one of `ALIBABA_CR_REGISTRY`; in it, the
    namespace `ALIBABA_CR_NAMESPACE`, or `dotflow`, must be there. Whoever is logged in
    to docker pushes, or `ALIBABA_CR_USERNAME` with `ALIBABA_CR_PASSWORD`.

    Args:
        project: What is packaged.
        platform: Name of the platform.
        options: Whether to build anew.
        region: The region.
    """

    runtime = "custom-container"

    def __init__(
        self, project: Project, platform: str, options: Options, region: str
    ) -> None:
        registry = os.environ.get("ALIBABA_CR_REGISTRY")
        registry = registry or f"registry.{region}.aliyuncs.com"
        namespace = os.environ.get("ALIBABA_CR_NAMESPACE", "dotflow")
        user = os.environ.get("ALIBABA_CR_USERNAME")
        password = os.environ.get("ALIBABA_CR_PASSWORD")
        login = None
        if user and password:
            known = Login(registry, user, password)
            login = lambda: known  # noqa: E731 - as short as it can be
        self._builder = DockerBuilder(
            project,
            f"{registry}/{namespace}/{project.name}",
            files=lambda: _server_files(project, platform),
            # The project's own Dockerfile is of an image that runs the workflow once.
            replace=True,
            login=login,
            rebuild=options.rebuild,
        )

    @property
    def digest(self) -> str:
        """A digest of what goes into the image."""
        return self._builder.digest

    def code(self, echo: Echo) -> dict[str, Any]:
        """Build the image and push it."""
        # What is wrong with its files shows before docker is looked for.
        echo(f"Image of code {self.digest[:12]}")
        return {
            "customContainerConfig": {
                "image": self._builder.build(echo),
                "port": _PORT,
                "healthCheckConfig": {
                    "httpGetUrl": "/healthz",
                    "initialDelaySeconds": 1,
                    "periodSeconds": 3,
                    "timeoutSeconds": 2,
                    "failureThreshold": 20,
                    "successThreshold": 1,
                },
            },
            "handler": "unused.handler",
        }


def _server_files(project: Project, platform: str) -> dict[str, str]:
    """Return the files of an image that answers Function Compute's requests."""
    from dotflow_deploy.generate import generate
    from dotflow_deploy.platforms.catalogue import find_platform
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.schedule import Cron

    # The files are the same whenever it runs.
    when = Cron.parse("@daily") if platform.endswith("-scheduled") else None
    made = generate(find_platform(platform), Request(project, schedule=when)).files
    files = {file.target: file.text for file in made}
    own = f"deploy/{platform}/"
    edited = project.root / own / "server.py"
    server = (
        edited.read_text(encoding="utf-8")
        if edited.is_file()
        else files[f"{own}server.py"]
    )
    return {
        "Dockerfile": files[f"{own}Dockerfile"],
        ".dockerignore": files[".dockerignore"],
        f"{own}server.py": server,
    }
