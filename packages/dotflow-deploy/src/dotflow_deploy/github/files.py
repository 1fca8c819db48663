"""The files that a deployment puts into a repository, all by one commit."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.github import contents
from dotflow_deploy.github.client import asking
from dotflow_deploy.github.contents import RECORD, WORKFLOW
from dotflow_deploy.stack import Difference, Resource, State

if TYPE_CHECKING:
    from github.InputGitTreeElement import InputGitTreeElement
    from github.Repository import Repository as Found

    from dotflow_deploy.github.repository import Repository
    from dotflow_deploy.options import Options

_RIGHT: Final = "Contents: write and Workflows: write (classic: repo, workflow)"
_FILE: Final = "100644"
_PROGRAM: Final = "100755"
_SHOWN: Final = 5


class Files(Resource):
    """The workflow file and, in a repository made for it, the project's own files.

    Into a repository that was there before goes the workflow file alone: its code is
    what its users push.
    """

    kind: ClassVar[str] = "Workflow"

    def __init__(self, repository: Repository, options: Options) -> None:
        super().__init__(WORKFLOW)
        self.repository = repository
        self.options = options

    @cached_property
    def contents(self) -> dict[str, bytes]:
        """The files that are declared, by their paths in the repository."""
        made = self.repository.given is None
        return contents.wanted(self.repository.project, self.options, code=made)

    def read(self) -> State | None:
        """Return the last commit's files, or None if the workflow is not among them."""
        if self.repository.state is None:
            return None
        found = self.repository.found
        with asking(self, "read", "Contents: read (classic: repo)"):
            branch = found.get_branch(found.default_branch)
            tree = found.get_git_tree(branch.commit.sha, recursive=True)
        there = {each.path: (each.sha, each.mode) for each in tree.tree}
        recorded = self.repository.state["recorded"]
        if recorded is None and not there.keys() & self._claimed():
            return None
        return {"commit": branch.commit.sha, "files": there, "recorded": recorded}

    def is_ours(self, state: State) -> bool:
        """Tell whether a deployment of this project has put them there."""
        return state["recorded"] is not None

    def detail(self) -> str:
        """Return how many files there are."""
        return f"{len(self.contents)} files"

    def differences(self, state: State) -> Sequence[Difference]:
        """Return which files are others; of many, the first ones."""
        changed = sorted(self._changed(state))
        found = [
            Difference(
                path,
                "there" if path in state["files"] else None,
                "(changed)" if path in self.contents else None,
            )
            for path in changed[:_SHOWN]
        ]
        if len(changed) > _SHOWN:
            found.append(Difference("files", "...", f"{len(changed)} in all"))
        return found

    def create(self) -> None:
        """Commit them."""
        self.update({"files": {}, "recorded": None})

    def update(self, state: State) -> None:
        """Commit what differs, and the removal of what the project has no more."""
        changed = self._changed(state)
        self.options.echo(f"Committing {len(changed)} files")
        self._commit(f"Deploy {self.repository.project.name}", changed)

    def delete(self, state: State) -> None:
        """Commit the removal of the workflow and of the record; code stays."""
        gone = dict.fromkeys((WORKFLOW, RECORD))
        there = {path: None for path in gone if path in state["files"]}
        self._commit(f"Remove the deployment of {self.repository.project.name}", there)

    def _claimed(self) -> set[str]:
        """Return what must not be there already, if there is no record of it.

        The code of a repository made for the project is not meant: its first commit has
        a README.md, which the project's replaces.
        """
        return {WORKFLOW, RECORD} if self.repository.given else set()

    def _changed(self, state: State) -> dict[str, bytes | None]:
        """Return what to commit: contents by path, None for what is to go."""
        there = state["files"]
        changed: dict[str, bytes | None] = {
            path: content
            for path, content in self.contents.items()
            if there.get(path) != (contents.blob(content), self._mode(path))
        }
        for path in (state["recorded"] or set()) - self.contents.keys():
            if path in there:
                changed[path] = None
        return changed

    def _commit(self, message: str, changed: Mapping[str, bytes | None]) -> None:
        found = self.repository.found
        with asking(self, "commit", _RIGHT):
            # As it is now: what was read may be minutes old.
            ref = found.get_git_ref(f"heads/{found.default_branch}")
            parent = found.get_git_commit(ref.object.sha)
            elements = [self._element(found, *item) for item in changed.items()]
            tree = found.create_git_tree(elements, parent.tree)
            if tree.sha != parent.tree.sha:
                commit = found.create_git_commit(message, tree, [parent])
                # Not forced: it fails if somebody has pushed meanwhile.
                ref.edit(commit.sha)
        self.repository.state = self.repository.read()

    def _element(
        self, found: Found, path: str, content: bytes | None
    ) -> InputGitTreeElement:
        from github import InputGitTreeElement

        given: dict[str, Any] = {"path": path, "mode": self._mode(path), "type": "blob"}
        if content is None:
            return InputGitTreeElement(**given, sha=None)
        if (text := _text(content)) is not None:
            return InputGitTreeElement(**given, content=text)
        blob = found.create_git_blob(base64.b64encode(content).decode(), "base64")
        return InputGitTreeElement(**given, sha=blob.sha)

    def _mode(self, path: str) -> str:
        local = self.repository.project.root / path
        return _PROGRAM if local.is_file() and os.access(local, os.X_OK) else _FILE


def _text(content: bytes) -> str | None:
    """Return a content as the API takes it within a tree, or None if it is no text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
