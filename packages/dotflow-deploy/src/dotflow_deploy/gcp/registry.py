"""Artifact Registry: the repository of images, and the image of a project."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dotflow_deploy.errors import BuildError
from dotflow_deploy.gcp.google import waited
from dotflow_deploy.stack import Difference, Resource, State, is_marked, marks

if TYPE_CHECKING:
    from dotflow_deploy.build import Builder
    from dotflow_deploy.gcp.google import Google
    from dotflow_deploy.options import Options

# How often to look for an image that was just pushed.
_TRIES = 5

_KEPT = 5
_DAYS = 30


class Repository(Resource):
    """A repository for the images of one project, which forgets old ones.

    Args:
        google: The APIs.
        project: Name of the deployed project; the repository has it too.
        platform: Name of the platform.
    """

    kind = "Artifact repository"

    def __init__(self, google: Google, project: str, platform: str) -> None:
        super().__init__(project)
        self.google = google
        self.platform = platform

    @property
    def path(self) -> str:
        """Its full name."""
        return f"{self.google.location}/repositories/{self.name}"

    @property
    def host(self) -> str:
        """The registry that docker speaks with."""
        return f"{self.google.region}-docker.pkg.dev"

    @property
    def image(self) -> str:
        """The image in it, without a tag."""
        return f"{self.host}/{self.google.project}/{self.name}/{self.name}"

    def read(self) -> State | None:
        """Return its labels."""
        found = self.google.find(
            self,
            "artifactregistry.repositories.get",
            lambda: self.google.registry.get_repository(name=self.path),
        )
        return None if found is None else {"labels": dict(found.labels)}

    def create(self) -> None:
        """Make it, with rules that remove images of long ago but for the last ones."""
        from google.cloud.artifactregistry_v1 import (
            CleanupPolicy,
            CreateRepositoryRequest,
        )
        from google.cloud.artifactregistry_v1 import Repository as Wanted

        keep = {"most_recent_versions": {"keep_count": _KEPT}}
        old = {"condition": {"older_than": {"seconds": _DAYS * 24 * 3600}}}
        policies: dict[str, dict[str, Any]] = {
            "keep": {"id": "keep", "action": CleanupPolicy.Action.KEEP, **keep},
            "old": {"id": "old", "action": CleanupPolicy.Action.DELETE, **old},
        }
        request = CreateRepositoryRequest(
            parent=self.google.location,
            repository_id=self.name,
            repository=Wanted(
                format_=Wanted.Format.DOCKER,
                labels=marks(self.name, self.platform),
                cleanup_policies=policies,
            ),
        )
        self.google.run(
            self,
            "create",
            "artifactregistry.repositories.create",
            lambda: self.google.registry.create_repository(request),
        )

    def delete(self, state: State) -> None:
        """Remove it, and the images in it."""
        self.google.gone(
            self,
            "artifactregistry.repositories.delete",
            lambda: waited(self.google.registry.delete_repository(name=self.path)),
        )

    def is_ours(self, state: State) -> bool:
        """Tell by its labels."""
        return is_marked(state["labels"], self.name, self.platform)

    def detail(self) -> str:
        """Return where it is."""
        return self.google.region


class Image(Resource):
    """The image of the project as it is now: built only if there is none of its digest.

    Args:
        repository: What it is in.
        builder: Makes and pushes it, tagged with the beginning of its digest.
        options: Whether to build anew, and who takes the builder's lines.
    """

    kind = "Container image"

    def __init__(
        self,
        repository: Repository,
        builder: Callable[[], Builder[str]],
        options: Options,
    ) -> None:
        super().__init__(repository.name, part_of=repository)
        self.repository = repository
        self.options = options
        self._builder = builder

    @property
    def tag(self) -> str:
        """The tag of the project as it is now."""
        return self._builder().digest[:12]

    @property
    def pinned(self) -> str | None:
        """The image by the digest that the registry gave it. None: it is not built."""
        version = (self.state or {}).get("tags", {}).get(self.tag)
        return None if version is None else f"{self.repository.image}@{version}"

    def read(self) -> State | None:
        """Return what each tag stands for."""
        registry = self.repository.google.registry
        tags = self.repository.google.find(
            self,
            "artifactregistry.tags.list",
            lambda: list(registry.list_tags(parent=self._package)),
        )
        if not tags:
            return None
        named = ((tag.name, tag.version) for tag in tags)
        last = {name.rpartition("/")[2]: v.rpartition("/")[2] for name, v in named}
        return {"tags": last}

    def differences(self, state: State) -> Sequence[Difference]:
        """Return whether there is none of the project as it is now."""
        if self.tag not in state["tags"]:
            return [Difference("digest", "another", self.tag)]
        if self.options.rebuild:
            return [Difference("digest", self.tag, f"{self.tag}, built anew")]
        return []

    def create(self) -> None:
        """Build and push it."""
        reference = self._builder().build(self.options.echo)
        for _ in range(_TRIES):
            if self.tag in (self.read() or {"tags": {}})["tags"]:
                return
            time.sleep(self.repository.google.pause)
        raise BuildError(
            f"{reference} was pushed, and the registry does not list it yet. Run the"
            " same command again: it goes on where it stopped."
        )

    def update(self, state: State) -> None:
        """Build and push it under another tag."""
        self.create()

    def delete(self, state: State) -> None:
        """Leave it to the repository, which goes with all images in it."""

    def detail(self) -> str:
        """Return its tag."""
        return f"tag {self.tag}"

    @property
    def _package(self) -> str:
        return f"{self.repository.path}/packages/{self.repository.name}"
