"""The repository that a project is deployed to, which is never removed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from dotflow_deploy.errors import CloudError
from dotflow_deploy.github import contents
from dotflow_deploy.github.client import absent, asking, connect
from dotflow_deploy.github.contents import RECORD
from dotflow_deploy.stack import Resource, State

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository as Found

    from dotflow_deploy.project import Project

_MARK: Final = "Deployed by dotflow: {project}"


class Repository(Resource):
    """The repository: the user's own one that is named, or one made for the project."""

    kind: ClassVar[str] = "Repository"

    def __init__(self, project: Project, given: str | None) -> None:
        super().__init__(given or project.name)
        self.project = project
        self.given = given

    @cached_property
    def client(self) -> Github:
        """GitHub, with the user's token."""
        return connect()

    @cached_property
    def full_name(self) -> str:
        """Its name with that of its owner."""
        if self.given is not None:
            return self.given
        with asking("who the token belongs to", "tell", "Metadata: read"):
            return f"{self.client.get_user().login}/{self.name}"

    @property
    def found(self) -> Found:
        """It, as it was read.

        Raises:
            CloudError: It is not there.
        """
        if self.state is None:
            raise CloudError(str(self), "read", "it is not there")
        found: Found = self.state["repository"]
        return found

    def read(self) -> State | None:
        """Return it, and which of its files a deployment of this project has put there.

        Raises:
            CloudError: GitHub does not tell, or the one that was named is not there.
        """
        from github import GithubException

        name = self.full_name
        with asking(self, "read", "Metadata: read (classic: repo)"):
            try:
                found = self.client.get_repo(name)
            except GithubException as error:
                if self.given is not None or not absent(error):
                    raise
                return None
        return {"repository": found, "recorded": self._recorded(found)}

    def is_ours(self, state: State) -> bool:
        """Tell whether it was named, or made by a deployment of this project."""
        if self.given is not None:
            return True
        mark = _MARK.format(project=self.project.name)
        return state["repository"].description == mark or state["recorded"] is not None

    def detail(self) -> str:
        """Return what is made of it."""
        return f"{self.full_name}, private"

    def create(self) -> None:
        """Make it: private, with a first commit, since others build upon one."""
        with asking(self, "create", "Administration: write (classic: repo)"):
            self.client.get_user().create_repo(
                self.name,
                description=_MARK.format(project=self.project.name),
                private=True,
                auto_init=True,
            )

    def delete(self, state: State) -> None:
        """Leave it: see `kept`."""

    def kept(self, state: State) -> str:
        """Return that it is not removed, whoever has made it."""
        if self.given is not None:
            return "it was there before"
        return f"it has your code; to remove it: gh repo delete {self.full_name}"

    def _recorded(self, found: Found) -> set[str] | None:
        from github import GithubException

        with asking(f"file {RECORD}", "read", "Contents: read (classic: repo)"):
            try:
                file = found.get_contents(RECORD)
            except GithubException as error:
                if not absent(error):
                    raise
                return None
        if isinstance(file, list):
            return None
        return contents.recorded(file.decoded_content, self.project.name)
