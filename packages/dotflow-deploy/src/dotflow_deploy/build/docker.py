"""A project as a container image, built and pushed by the docker CLI."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotflow_deploy.build.builder import Builder, Echo
from dotflow_deploy.build.image import image_files
from dotflow_deploy.errors import BuildError
from dotflow_deploy.programs import ask, follow
from dotflow_deploy.project.files import copy_project

if TYPE_CHECKING:
    from dotflow_deploy.project import Project

Files = Mapping[str, str | bytes] | Mapping[str, str]

PROGRAMS: Final = ("docker", "podman")
"""What builds images, the first that is installed."""

EPOCH: Final = "0"
"""The moment that the files of an image are of, in seconds since 1970."""

# Part of the digest: it changes when the same input makes another image.
_FORMAT: Final = "image-1"

_SHOWN: Final = 12


@dataclass(frozen=True)
class Login:
    """Who pushes to a registry.

    Attributes:
        registry: Its host: `"registry.example.com"`.
        username: The user.
        password: The password or token. It is never shown, nor on a command line.
    """

    registry: str
    username: str
    password: str = field(repr=False)


class DockerBuilder(Builder[str]):
    """Builds a project's image, and pushes it.

    It is tagged with the first 12 digits of its digest. Only what may leave the machine
    is handed to docker: no `.env`, no key, nothing of what `.gitignore` leaves out.

    Args:
        project: What is packaged. Nothing of it is read before the digest is asked for.
        image: Where it is pushed: `"registry.example.com/team/shop"`, without a tag.
        files: More files of the project's folder, by their names there, or what returns
            them. Default: a `Dockerfile` whose command runs the workflow once, and its
            `.dockerignore`.
        replace: Whether they win over what the project has itself of their names.
        platform: The machine that it is for.
        labels: Marks of the image.
        login: Returns who pushes. It is called before pushing, since a token may not
            last long. Default: whoever is logged in already.
        push: Whether it is pushed.
        rebuild: Whether to take the base image and all layers anew.
    """

    def __init__(
        self,
        project: Project,
        image: str,
        *,
        files: Mapping[str, str | bytes] | Callable[[], Files] | None = None,
        replace: bool = False,
        platform: str = "linux/amd64",
        labels: Mapping[str, str] | None = None,
        login: Callable[[], Login] | None = None,
        push: bool = True,
        rebuild: bool = False,
    ) -> None:
        self.project = project
        self.image = image
        self.replace = replace
        self.platform = platform
        self.login = login
        self.push = push
        self.rebuild = rebuild
        self.labels = dict(labels or {})
        self._given = files

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The files that are added to the project's, by their names in its folder."""
        given: Files
        if self._given is None:
            given = image_files(self.project)
        else:
            given = self._given() if callable(self._given) else self._given
        return {
            name: text.encode() if isinstance(text, str) else text
            for name, text in given.items()
            if self.replace or not (self.project.root / name).exists()
        }

    @cached_property
    def digest(self) -> str:
        """A digest of what goes into the image: 64 hexadecimal digits."""
        files = [
            f"{name}={sha256(content).hexdigest()}"
            for name, content in sorted(self.files.items())
        ]
        labels = [f"{name}={value}" for name, value in sorted(self.labels.items())]
        return self.project.digest(_FORMAT, self.platform, *labels, *files)

    @property
    def reference(self) -> str:
        """The image with its tag, known before it is built."""
        return f"{self.image}:{self.digest[:12]}"

    def build(self, echo: Echo) -> str:
        """Build the image and push it.

        Args:
            echo: Takes a line about each slow step, docker's among them.

        Returns:
            The image with its tag.

        Raises:
            BuildError: Neither docker nor podman is there, it does not run, or a step
                of the image fails. The message says what to do.
        """
        program = find_program()
        with tempfile.TemporaryDirectory(prefix="dotflow-") as folder:
            context = Path(folder)
            self._stage(context, echo)
            echo(f"Building the image {self.reference}")
            command = [*_build_command(program), "--platform", self.platform]
            command += ["--tag", self.reference, "--build-arg"]
            command += [f"SOURCE_DATE_EPOCH={EPOCH}"]
            for name, value in self.labels.items():
                command += ["--label", f"{name}={value}"]
            if self.rebuild:
                command += ["--pull", "--no-cache"]
            env = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
            _run([*command, "."], echo, "build the image", cwd=context, env=env)
        if self.push:
            self._push(program, echo)
        return self.reference

    def _stage(self, context: Path, echo: Echo) -> None:
        """Copy what may leave the machine: docker reads nothing else."""
        if self.project.dependencies.note:
            echo(self.project.dependencies.note)
        copy_project(self.project.root, context)
        self.project.check_import(echo, context)
        for given, content in self.files.items():
            place = context / given
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        if not (context / "Dockerfile").is_file():
            raise BuildError(
                f"{self.project.root} has no Dockerfile. Make one, which you can change:"
                " dotflow cloud generate --platform docker"
            )
        for path in sorted(context.rglob("*")):
            os.utime(path, (int(EPOCH), int(EPOCH)))

    def _push(self, program: str, echo: Echo) -> None:
        secrets = []
        if self.login is not None:
            login = self.login()
            secrets = [login.password]
            command = [program, "login", "--username", login.username]
            command += ["--password-stdin", login.registry]
            doing = f"log in to {login.registry} as {login.username}"
            _run(command, echo, doing, text=login.password, secrets=secrets)
        echo(f"Pushing {self.reference}")
        command = [program, "push", self.reference]
        _run(command, echo, f"push {self.reference}", secrets=secrets)


def find_program() -> str:
    """Return what builds images on this machine, once it answers.

    Raises:
        BuildError: It is not installed, or its daemon does not run.
    """
    program = next(filter(shutil.which, PROGRAMS), None)
    if program is None:
        raise BuildError(
            "Building an image needs docker or podman, and neither is installed. See"
            " https://docs.docker.com/engine/install - or build where it is, in CI:"
            " dotflow cloud generate --platform github-actions"
        )
    answer = ask([program, "info", "--format", "{{json .}}"])
    if answer.returncode != 0 or _server_errors(answer.stdout):
        told = (answer.stderr.strip() or "it gives no reason").splitlines()[-1]
        raise BuildError(
            f"{program} is installed, but does not answer: {told}\nStart it (Docker"
            " Desktop, or: sudo systemctl start docker), see that your user may use it"
            f" (the group docker), and try: {program} info"
        )
    return program


def _server_errors(answer: str) -> bool:
    """Tell whether only the client answered, which some versions take for success."""
    try:
        told = json.loads(answer or "{}")
    except json.JSONDecodeError:
        return False
    return isinstance(told, dict) and bool(told.get("ServerErrors"))


def _build_command(program: str) -> list[str]:
    if program == "docker" and ask([program, "buildx", "version"]).returncode == 0:
        # Without a list of attestations around it, which AWS Lambda refuses.
        return [program, "buildx", "build", "--load", "--provenance=false"]
    return [program, "build"]


def _run(
    command: Sequence[str],
    echo: Echo,
    doing: str,
    *,
    text: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
) -> None:
    code, lines = follow(command, echo, text=text, cwd=cwd, env=env, secrets=secrets)
    if code != 0:
        reason = "\n".join(lines[-_SHOWN:]) or f"it ended with {code}"
        raise BuildError(f"{command[0]} could not {doing}:\n{reason}")
