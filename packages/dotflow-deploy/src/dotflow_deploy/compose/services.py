"""A project as a service of docker compose: its image, its results, its container."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.build.docker import DockerBuilder
from dotflow_deploy.compose.definition import (
    DIGEST,
    SERVICE,
    definition,
    volume_name,
)
from dotflow_deploy.compose.engine import Engine, id_of
from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.stack import Difference, Resource, Stack, State, is_marked, marks

if TYPE_CHECKING:
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

PLATFORM: Final = "docker"


class Image(Resource):
    """The project's image, in the store of this machine's docker."""

    kind = "Image"

    def __init__(self, engine: Engine, project: Project, options: Options) -> None:
        super().__init__(project.name)
        self.engine = engine
        self.options = options
        self.marks = marks(project.name, PLATFORM)
        self.builder = DockerBuilder(
            project,
            project.name,
            platform=f"linux/{_machine()}",
            labels=self.marks,
            push=False,
            rebuild=options.rebuild,
        )
        self._built = False

    def read(self) -> State | None:
        """Return the ids of all images of this project, by their names with tags."""
        return self.engine.images(self.marks) or None

    def is_ours(self, state: State) -> bool:
        """Tell that it is: only what bears our marks was asked for."""
        return True

    def differences(self, state: State) -> Sequence[Difference]:
        """Return whether it is of other files, or is to be made anew."""
        wanted = self.builder.reference
        if wanted not in state:
            return [Difference("tag", _tag(next(iter(state))), _tag(wanted))]
        if self.options.rebuild and not self._built:
            return [Difference("image", "built", "built anew")]
        return ()

    def create(self) -> None:
        """Build it."""
        self.builder.build(self.options.echo)
        self._built = True

    def update(self, state: State) -> None:
        """Build it under its new tag; the container still needs the old one."""
        self.create()

    def delete(self, state: State) -> None:
        """Remove it under all its tags."""
        for name in state:
            self.engine.run(self, "remove", "image", "rm", name)

    def remove_older(self) -> None:
        """Remove those that no container is made of any more."""
        for name in self.engine.images(self.marks):
            if name != self.builder.reference:
                self.engine.run(self, "remove", "image", "rm", name)


class Volume(Resource):
    """What the runs have stored, so that one can go on after another."""

    kind = "Volume"
    keeps_data = True

    def __init__(self, engine: Engine, project: Project) -> None:
        super().__init__(volume_name(project.name))
        self.engine = engine
        self.project = project.name

    def read(self) -> State | None:
        """Return what docker tells of it."""
        return self.engine.volume(self.name)

    def is_ours(self, state: State) -> bool:
        """Tell whether it bears our marks."""
        return is_marked(state.get("Labels") or {}, self.project, PLATFORM)

    def create(self) -> None:
        """Make it."""
        labels = _labels(marks(self.project, PLATFORM))
        self.engine.run(self, "create", "volume", "create", *labels, self.name)

    def delete(self, state: State) -> None:
        """Remove it with all results."""
        self.engine.run(self, "remove", "volume", "rm", self.name)


class Service(Resource):
    """The container that runs the workflow."""

    kind = "Compose project"

    def __init__(
        self, engine: Engine, project: Project, options: Options, image: Image
    ) -> None:
        super().__init__(project.name)
        self.engine = engine
        self.project = project
        self.options = options
        self.image = image

    def read(self) -> State | None:
        """Return what docker tells of its containers."""
        found = self.engine.containers(self.name)
        return {"containers": found} if found else None

    def is_ours(self, state: State) -> bool:
        """Tell whether each of its containers bears our marks."""
        return all(
            is_marked(_labels_of(container), self.name, PLATFORM)
            for container in state["containers"]
        )

    def detail(self) -> str:
        """Return what starts when it is made."""
        when = self.options.schedule
        runs = "runs once, now" if when is None else f"runs at {when}"
        return f"{self.options.memory} MB, {runs}"

    def differences(self, state: State) -> Sequence[Difference]:
        """Return whether its image or its definition is another."""
        found = self._changes(state)
        older = (self.image.state or {}).keys() - {self.image.builder.reference}
        if older and not found:
            # A run failed, or was stopped, before it had removed them.
            found.append(Difference("older images", str(len(older)), None))
        return found

    def create(self) -> None:
        """Start it."""
        config, values = self._definition()
        self.options.echo("Starting the container")
        where = ["--project-name", self.name, "--file", "-", "up", "-d", "--no-build"]
        text = json.dumps(config)
        self.engine.compose(self, "start", *where, text=text, env=values)
        self.image.remove_older()

    def update(self, state: State) -> None:
        """Put another container in its place."""
        if self._changes(state):
            self.create()
        else:
            self.image.remove_older()

    def delete(self, state: State) -> None:
        """Stop it and remove it, with its network."""
        where = ["--project-name", self.name, "down", "--remove-orphans"]
        self.engine.compose(self, "remove", *where)

    def _changes(self, state: State) -> list[Difference]:
        container = state["containers"][0]
        config, _ = self._definition()
        wanted = config["services"][SERVICE]["labels"][DIGEST]
        image = (self.image.state or {}).get(self.image.builder.reference)
        found = []
        if id_of(container["Image"]) != image:
            tag = _tag(container["Config"]["Image"])
            found.append(Difference("image", tag, _tag(self.image.builder.reference)))
        if _labels_of(container).get(DIGEST) != wanted:
            found.append(Difference("definition", "(before)", "(changed)"))
        if found and container["State"]["Status"] == "running":
            found.append(Difference("run", "running", "stopped, and started anew"))
        return found

    def _definition(self) -> tuple[dict[str, Any], dict[str, str]]:
        return definition(
            self.project,
            self.options,
            self.image.builder.reference,
            marks(self.name, PLATFORM),
        )


def stack(project: Project, options: Options) -> Stack:
    """Declare a project as a service of docker compose.

    Args:
        project: What runs.
        options: When, and with how much. A schedule needs `dotflow-scheduler` among the
            project's dependencies: docker has no clock of its own.

    Raises:
        InvalidProject: There is a region, or a builder other than docker.
    """
    if options.region is not None:
        raise InvalidProject("Docker has no regions: leave out --region")
    if options.builder not in (None, "docker"):
        raise InvalidProject("Docker runs images: leave out --builder")
    engine = Engine(project.root)
    image = Image(engine, project, options)
    volume = Volume(engine, project)
    service = Service(engine, project, options, image)

    def outputs() -> dict[str, str]:
        container = f"{project.name}-{SERVICE}-1"
        found = (service.state or {"containers": []})["containers"]
        states = [
            f"{c['State']['Status']}, exit code {c['State']['ExitCode']}"
            if c["State"]["Status"] == "exited"
            else str(c["State"]["Status"])
            for c in found
        ]
        return {
            "State": ", ".join(states),
            "Logs": f"{engine.program} logs --follow {container}",
            "Run it again": f"{engine.program} start --attach {container}",
        }

    return Stack([image, volume, service], outputs)


def _machine() -> str:
    """Return the processor of this machine, as docker names it."""
    import platform

    name = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(name, name)


def _labels_of(container: Mapping[str, Any]) -> dict[str, str]:
    return container["Config"].get("Labels") or {}


def _labels(labels: Mapping[str, str]) -> list[str]:
    return [part for pair in labels.items() for part in ("--label", "=".join(pair))]


def _tag(reference: str) -> str:
    return reference.rpartition(":")[2]
