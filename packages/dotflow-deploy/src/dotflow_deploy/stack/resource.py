"""One thing on a platform: read, compared with what is declared, made so, removed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from dotflow_deploy.stack.change import Difference

State = dict[str, Any]
"""What a platform tells of a resource that exists."""


class Resource(ABC):
    """One thing that a deployment declares.

    It is found by its name, so that nothing has to be remembered on the machine that
    deploys. It may hold others that it builds upon, and read their `state`: they come
    before it in the stack.

    Args:
        name: Its name on the platform.
        part_of: The resource that it is a part of, if it has no mark of its own: what
            owns the whole owns the part.

    Attributes:
        state: What was found at the last `read` through the stack. None: not there.
        wanted: Whether it should be there. What an earlier deployment made and this one
            does without, such as the registry of its images, is declared all the same,
            with False: `apply` then removes it last, and `destroy` does.
    """

    kind: ClassVar[str]
    """What it is, as the platform's users say: `"Lambda function"`."""

    keeps_data: ClassVar[bool] = False
    """Whether it may hold what cannot be made again, such as a bucket's objects."""

    def __init__(self, name: str, part_of: Resource | None = None) -> None:
        self.name = name
        self.part_of = part_of
        self.state: State | None = None
        self.wanted = True

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @abstractmethod
    def read(self) -> State | None:
        """Return what the platform tells of it, or None if it is not there.

        Raises:
            CloudError: The platform does not tell.
        """

    @abstractmethod
    def create(self) -> None:
        """Make it; return when others can build upon it."""

    @abstractmethod
    def delete(self, state: State) -> None:
        """Remove it. Something already gone is no error."""

    def differences(self, state: State) -> Sequence[Difference]:
        """Return what is not as declared. Default: nothing can differ."""
        return ()

    def update(self, state: State) -> None:
        """Change it to what is declared. Called only if there are differences."""
        raise NotImplementedError(f"{self} has differences and no update")

    def is_ours(self, state: State) -> bool:
        """Tell whether a deployment of this project made it.

        Default: as the resource that it is a part of. One that is no part of another
        overrides this, and looks for its `marks`.
        """
        whole = self.part_of
        if whole is None:
            return True
        return whole.state is not None and whole.is_ours(whole.state)

    def made_for(self, state: State) -> str | None:
        """Return to which other platform this project was deployed with it, if so."""
        return None

    def kept(self, state: State) -> str:
        """Return why it is not removed, with what to do to have it removed.

        Default: nothing, it is removed.
        """
        return ""

    def detail(self) -> str:
        """Return more about what is declared, in a few words. Default: nothing."""
        return ""
