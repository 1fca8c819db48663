"""Service accounts: one for each part that acts, with no right that it does not need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow_deploy.gcp.marked import is_described, marked_text
from dotflow_deploy.project import shortened
from dotflow_deploy.stack import Resource, State

if TYPE_CHECKING:
    from dotflow_deploy.gcp.google import Google

# For how long other APIs may not know an account that was just made, in seconds.
_SETTLES = 60.0

# Characters of an account's name that Google takes.
_LIMIT = 30


class ServiceAccount(Resource):
    """A service account. It can do nothing but what grants say.

    Args:
        google: The APIs.
        project: Name of the deployed project.
        platform: Name of the platform.
        part: What acts: `"runs"`.
    """

    kind = "Service account"

    def __init__(self, google: Google, project: str, platform: str, part: str) -> None:
        super().__init__(shortened(f"{project}-{part}", _LIMIT))
        self.google = google
        self.project = project
        self.platform = platform

    @property
    def email(self) -> str:
        """The address by which it is known."""
        return f"{self.name}@{self.google.project}.iam.gserviceaccount.com"

    @property
    def member(self) -> str:
        """What policies call it."""
        return f"serviceAccount:{self.email}"

    def read(self) -> State | None:
        """Return it as the API describes it."""
        return self.google.find(
            self,
            "iam.serviceAccounts.get",
            lambda: self.google.iam("GET", f"serviceAccounts/{self.email}"),
        )

    def create(self) -> None:
        """Make it."""
        body = {
            "accountId": self.name,
            "serviceAccount": {
                "displayName": f"dotflow: {self.project}",
                "description": marked_text(self.project, self.platform),
            },
        }
        self.google.ask(
            self,
            "create",
            "iam.serviceAccounts.create",
            lambda: self.google.iam("POST", "serviceAccounts", body),
        )
        self.google.made_fresh(_SETTLES)

    def delete(self, state: State) -> None:
        """Remove it."""
        self.google.gone(
            self,
            "iam.serviceAccounts.delete",
            lambda: self.google.iam("DELETE", f"serviceAccounts/{self.email}"),
        )

    def is_ours(self, state: State) -> bool:
        """Tell by its description: it can have no labels."""
        return is_described(state.get("description", ""), self.project, self.platform)
