"""What a job needs besides its image: an account without rights, and variables."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.kubernetes import manifests
from dotflow_deploy.kubernetes.manifests import PLATFORM, REVISION
from dotflow_deploy.stack import Difference, Resource, State, is_marked

if TYPE_CHECKING:
    from dotflow_deploy.kubernetes.cluster import Cluster, Manifest
    from dotflow_deploy.project import Project

_ACCOUNTS: Final = "serviceaccounts"
_SECRETS: Final = "secrets"


class Account(Resource):
    """The account of the runs, which may do nothing in the cluster."""

    kind = "ServiceAccount"

    def __init__(self, cluster: Cluster, project: Project) -> None:
        super().__init__(project.name)
        self.cluster = cluster
        self.project = project

    def read(self) -> State | None:
        """Return it as the cluster has it."""
        return self.cluster.get(_ACCOUNTS, self.name)

    def is_ours(self, state: State) -> bool:
        """Tell whether it bears our marks."""
        return is_ours_of(state, self.project)

    def detail(self) -> str:
        """Return where it is made: kubectl's context is easily another than meant."""
        return f"in the cluster of kubectl's context {self.cluster.context}"

    def differences(self, state: State) -> Sequence[Difference]:
        """Return whether its token would be given to the runs."""
        if state.get("automountServiceAccountToken") is False:
            return ()
        return [Difference("token", "mounted", "not mounted")]

    def create(self) -> None:
        """Make it."""
        self.cluster.send("create", _ACCOUNTS, manifests.service_account(self.project))

    def update(self, state: State) -> None:
        """Make it as declared."""
        self.cluster.send("replace", _ACCOUNTS, manifests.service_account(self.project))

    def delete(self, state: State) -> None:
        """Remove it."""
        self.cluster.delete(_ACCOUNTS, self.name)


class Variables(Resource):
    """The environment of the runs, as a Secret."""

    kind = "Secret"

    def __init__(self, cluster: Cluster, project: Project) -> None:
        super().__init__(f"{project.name}-env")
        self.cluster = cluster
        self.project = project

    def read(self) -> State | None:
        """Return it with digests in the place of its values."""
        found = self.cluster.get(_SECRETS, self.name)
        if found is None:
            return None
        values = {
            name: _digest(base64.b64decode(value))
            for name, value in (found.get("data") or {}).items()
        }
        return {"metadata": found["metadata"], "values": values}

    def is_ours(self, state: State) -> bool:
        """Tell whether it bears our marks."""
        return is_ours_of(state, self.project)

    def detail(self) -> str:
        """Return how many variables there are."""
        return f"{len(self.project.env)} variables"

    def differences(self, state: State) -> Sequence[Difference]:
        """Return which variables have other values, never the values."""
        wanted = {n: _digest(v.encode()) for n, v in self.project.env.items()}
        found = state["values"]
        return [
            Difference(
                name,
                "(set)" if name in found else None,
                "(changed)" if name in wanted else None,
            )
            for name in sorted(found.keys() | wanted.keys())
            if found.get(name) != wanted.get(name)
        ]

    def create(self) -> None:
        """Make it."""
        self.cluster.send("create", _SECRETS, self._manifest())

    def update(self, state: State) -> None:
        """Make it as declared."""
        self.cluster.send("replace", _SECRETS, self._manifest())

    def delete(self, state: State) -> None:
        """Remove it."""
        self.cluster.delete(_SECRETS, self.name)

    @property
    def revision(self) -> str | None:
        """Which variables are there. None: they are about to change."""
        if self.state is None or self.differences(self.state):
            return None
        found: str = self.state["metadata"].get("annotations", {}).get(REVISION, "")
        return found

    def _manifest(self) -> Manifest:
        # Not a digest: whoever may read jobs, but no secrets, could try values out.
        return manifests.secret(self.project, uuid.uuid4().hex)


def is_ours_of(found: Mapping[str, Any], project: Project) -> bool:
    """Tell whether an object bears the marks of a project."""
    labels = found["metadata"].get("labels") or {}
    return is_marked(labels, project.name, PLATFORM)


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()
