"""The APIs of Google that a deployment uses, enabled in the project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dotflow_deploy.stack import Resource, State

if TYPE_CHECKING:
    from dotflow_deploy.gcp.google import Google

# For how long an API may say that it is not enabled after it was, in seconds.
_SETTLES = 300.0


class Services(Resource):
    """The APIs that are needed. They are only ever enabled: others may use them.

    Args:
        google: The APIs.
        names: What is needed: `"run.googleapis.com"`.
    """

    kind = "Google APIs"

    def __init__(self, google: Google, names: Sequence[str]) -> None:
        super().__init__(", ".join(name.partition(".")[0] for name in names))
        self.google = google
        self.names = list(names)

    def read(self) -> State | None:
        """Return an empty state if all are enabled."""
        return None if self._missing() else {}

    def create(self) -> None:
        """Enable those that are not."""
        from google.cloud.service_usage_v1 import BatchEnableServicesRequest

        request = BatchEnableServicesRequest(
            parent=f"projects/{self.google.project}", service_ids=self._missing()
        )
        self.google.run(
            self,
            "enable",
            "serviceusage.services.enable",
            lambda: self.google.services.batch_enable_services(request),
        )
        self.google.made_fresh(_SETTLES)

    def delete(self, state: State) -> None:
        """Leave them: others may rely on them by now."""

    def kept(self, state: State) -> str:
        """Return why they are not removed."""
        return "stay enabled: others may use them"

    def _missing(self) -> list[str]:
        from google.cloud.service_usage_v1 import BatchGetServicesRequest
        from google.cloud.service_usage_v1 import State as Enabling

        parent = f"projects/{self.google.project}"
        request = BatchGetServicesRequest(
            parent=parent, names=[f"{parent}/services/{name}" for name in self.names]
        )
        answer = self.google.ask(
            self,
            "read",
            "serviceusage.services.get",
            lambda: self.google.services.batch_get_services(request),
        )
        enabled = {
            service.name.rpartition("/")[2]
            for service in answer.services
            if service.state == Enabling.ENABLED
        }
        return [name for name in self.names if name not in enabled]
