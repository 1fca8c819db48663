"""Google's APIs: who asks, about which project, and how an answer is taken."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import google.auth
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, GoogleAPICallError, NotFound
from google.auth.exceptions import DefaultCredentialsError

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.gcp.refusals import SILENCE, is_disabled, refusal, unreachable
from dotflow_deploy.project import check_region

if TYPE_CHECKING:
    from google.cloud.artifactregistry_v1 import ArtifactRegistryClient
    from google.cloud.devtools.cloudbuild_v1 import CloudBuildClient
    from google.cloud.run_v2 import JobsClient
    from google.cloud.scheduler_v1 import CloudSchedulerClient
    from google.cloud.service_usage_v1 import ServiceUsageClient
    from google.cloud.storage import Client as StorageClient

REGION: Final = "us-central1"
"""The region if none is given."""

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_TIMEOUT: Final = 60.0
_LONGEST: Final = 600.0

T = TypeVar("T")


def waited(operation: Any) -> None:
    """Wait for the end of an operation.

    Args:
        operation: What the SDK returned.

    Raises:
        GoogleAPICallError: It failed.
    """
    operation.result(timeout=_LONGEST)


@dataclass
class Google:
    """Google's APIs as one project's user.

    Attributes:
        credentials: Of whoever asks. Never shown.
        project: Id of Google's project.
        region: The region.
        pause: How long to wait before asking again, in seconds, while what was just
            made is not known everywhere.
    """

    credentials: Any = field(repr=False)
    project: str
    region: str = REGION
    pause: float = 3.0
    _fresh_until: float = field(default=0.0, init=False, repr=False)

    @classmethod
    def connect(cls, region: str | None = None) -> Google:
        """Return the APIs, for the application default credentials.

        Args:
            region: The region. Default: `REGION`.

        Raises:
            InvalidProject: Nobody is signed in, there is no project, or no such region.
        """
        try:
            credentials, project = google.auth.default(scopes=[_SCOPE])
        except DefaultCredentialsError as error:
            raise InvalidProject(
                "Nobody is signed in to Google Cloud. Run: gcloud auth"
                " application-default login - or name a service account's key file in"
                " GOOGLE_APPLICATION_CREDENTIALS"
            ) from error
        if not project:
            raise InvalidProject(
                "Which of Google's projects to deploy to is not known. Run: export"
                " GOOGLE_CLOUD_PROJECT=<project id> (`gcloud projects list` shows them)"
            )
        return cls(credentials, project, check_region(region or REGION))

    @property
    def location(self) -> str:
        """The project and the region as the parent of resources."""
        return f"projects/{self.project}/locations/{self.region}"

    def endpoint(self, api: str) -> str | None:
        """Return where an API is if not at its usual place, as gcloud is told too.

        Args:
            api: Its name, as in `CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN`.
        """
        found = os.environ.get(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}")
        return found.rstrip("/") if found else None

    def find(self, about: object, permission: str, call: Callable[[], T]) -> T | None:
        """Ask for a resource, and return None if it is not there.

        Args:
            about: The resource.
            permission: What is needed for it.
            call: Asks.

        Raises:
            CloudError: The API does not tell.
        """
        try:
            return call()
        except NotFound:
            return None
        except GoogleAPICallError as error:
            # An API that is not enabled holds nothing yet.
            if is_disabled(error):
                return None
            raise refusal(error, about, "read", permission, self.project) from error
        except SILENCE as error:
            raise unreachable(error, about, "read") from error

    def ask(
        self, about: object, doing: str, permission: str, call: Callable[[], T]
    ) -> T:
        """Ask for a change, again for a while if what it needs was only just made.

        Args:
            about: The resource.
            doing: What is asked: `"create"`.
            permission: What is needed for it.
            call: Asks.

        Raises:
            CloudError: The API refused.
        """
        while True:
            try:
                return call()
            except GoogleAPICallError as error:
                if not self._may_be_early(error):
                    raise refusal(
                        error, about, doing, permission, self.project
                    ) from error
            except SILENCE as error:
                raise unreachable(error, about, doing) from error
            time.sleep(self.pause)

    def run(
        self, about: object, doing: str, permission: str, call: Callable[[], Any]
    ) -> None:
        """Ask for a change that takes its time, and wait for its end.

        Args:
            about: The resource.
            doing: What is asked.
            permission: What is needed for it.
            call: Asks, and returns the operation.

        Raises:
            CloudError: The API refused, or the operation failed.
        """
        self.ask(about, doing, permission, lambda: waited(call()))

    def gone(self, about: object, permission: str, call: Callable[[], object]) -> None:
        """Ask for a removal; what is not there is no error.

        Args:
            about: The resource.
            permission: What is needed for it.
            call: Asks.

        Raises:
            CloudError: The API refused.
        """
        try:
            call()
        except NotFound:
            return
        except GoogleAPICallError as error:
            raise refusal(error, about, "remove", permission, self.project) from error
        except SILENCE as error:
            raise unreachable(error, about, "remove") from error

    def made_fresh(self, seconds: float) -> None:
        """Note that something was made that not every API knows for some seconds."""
        self._fresh_until = max(self._fresh_until, time.monotonic() + seconds)

    def _may_be_early(self, error: GoogleAPICallError) -> bool:
        if time.monotonic() > self._fresh_until:
            return False
        return isinstance(error, NotFound | BadRequest) or is_disabled(error)

    def _options(self, api: str) -> dict[str, Any]:
        return {
            "credentials": self.credentials,
            "transport": "rest",
            "client_options": ClientOptions(api_endpoint=self.endpoint(api)),
        }

    @cached_property
    def services(self) -> ServiceUsageClient:
        """Which APIs are enabled."""
        from google.cloud.service_usage_v1 import ServiceUsageClient

        return ServiceUsageClient(**self._options("serviceusage"))

    @cached_property
    def registry(self) -> ArtifactRegistryClient:
        """Artifact Registry: images."""
        from google.cloud.artifactregistry_v1 import ArtifactRegistryClient

        return ArtifactRegistryClient(**self._options("artifactregistry"))

    @cached_property
    def builds(self) -> CloudBuildClient:
        """Cloud Build."""
        from google.cloud.devtools.cloudbuild_v1 import CloudBuildClient

        return CloudBuildClient(**self._options("cloudbuild"))

    @cached_property
    def jobs(self) -> JobsClient:
        """Jobs of Cloud Run."""
        from google.cloud.run_v2 import JobsClient

        return JobsClient(**self._options("run"))

    @cached_property
    def scheduler(self) -> CloudSchedulerClient:
        """Cloud Scheduler."""
        from google.cloud.scheduler_v1 import CloudSchedulerClient

        return CloudSchedulerClient(**self._options("cloudscheduler"))

    @cached_property
    def storage(self) -> StorageClient:
        """Cloud Storage."""
        from google.cloud.storage import Client

        endpoint = self.endpoint("storage")
        options = {"api_endpoint": endpoint} if endpoint else None
        return Client(self.project, self.credentials, client_options=options)

    def iam(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask the IAM API about service accounts; its SDK has no REST.

        Args:
            method: `"GET"`, `"POST"`, …
            path: What comes after the project.
            body: What JSON can hold.

        Raises:
            GoogleAPICallError: It refused.
        """
        base = self.endpoint("iam") or "https://iam.googleapis.com"
        url = f"{base}/v1/projects/{self.project}/{path}"
        answer = self._session.request(method, url, json=body, timeout=_TIMEOUT)
        if not answer.ok:
            refused: Any = exceptions
            raise refused.from_http_response(answer)
        told: dict[str, Any] = answer.json()
        return told

    def token(self) -> str:
        """Return an access token of the credentials, for docker's login."""
        from google.auth.transport.requests import Request

        if not self.credentials.valid:
            self.credentials.refresh(Request())
        return str(self.credentials.token)

    @cached_property
    def _session(self) -> Any:
        from google.auth.transport import requests

        transport: Any = requests
        return transport.AuthorizedSession(self.credentials)
