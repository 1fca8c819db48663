"""Images of a project in its ECR repository."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from dotflow_deploy.aws.resource import AwsResource
from dotflow_deploy.stack import Difference, State

if TYPE_CHECKING:
    from dotflow_deploy.aws.repository import Repository
    from dotflow_deploy.build import Builder

_GONE: Final = ("RepositoryNotFoundException", "ImageNotFoundException")
_DIGITS: Final = 12


class Image(AwsResource):
    """The image of a project as it is now, among those of before.

    Args:
        repository: Where it is.
        builder: Builds it and pushes it, with the first 12 digits of its digest as tag.
        rebuild: Whether to build it even if it is there.
    """

    kind = "Container image"
    service: ClassVar[str] = "ecr"

    def __init__(
        self, repository: Repository, builder: Builder[str], *, rebuild: bool = False
    ) -> None:
        super().__init__(repository.name, repository.site, part_of=repository)
        self.repository = repository
        self.builder = builder
        self._rebuild = rebuild

    @property
    def tag(self) -> str:
        """Its tag, known before it is built."""
        return self.builder.digest[:_DIGITS]

    @property
    def uri(self) -> str:
        """What it is named, by its digest where that is known, else by its tag."""
        images = {} if self.state is None else self.state["images"]
        # Another image may be pushed under a tag, and a function would not notice.
        if self.tag in images:
            return f"{self.repository.uri}@{images[self.tag]}"
        return f"{self.repository.uri}:{self.tag}"

    def read(self) -> State | None:
        """Return the `images` of the repository: their digests by their tags."""
        if self.repository.state is None:
            return None
        answer = self.find(
            "describe_images", *_GONE, repositoryName=self.repository.name
        )
        if answer is None:
            return None
        images = {
            tag: image["imageDigest"]
            for image in answer["imageDetails"]
            for tag in image.get("imageTags", [])
        }
        return {"images": images} if images else None

    def create(self) -> None:
        """Build it and push it."""
        self.builder.build(self.site.echo)
        self._rebuild = False

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare the newest image with the project."""
        if self.tag not in state["images"]:
            return [Difference("image", ", ".join(state["images"]), self.tag)]
        if self._rebuild:
            return [Difference("image", self.tag, "(built anew)")]
        return []

    def update(self, state: State) -> None:
        """Build it and push it."""
        self.create()

    def delete(self, state: State) -> None:
        """Do nothing: images go with their repository."""

    def detail(self) -> str:
        """Return the tag."""
        return f"tag {self.tag}"
