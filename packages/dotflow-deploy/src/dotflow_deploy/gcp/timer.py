"""Cloud Scheduler: starts a job when it is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.gcp.marked import is_described, marked_text
from dotflow_deploy.schedule import cloud_scheduler
from dotflow_deploy.stack import Difference, Resource, State, compare

if TYPE_CHECKING:
    from dotflow_deploy.gcp.accounts import ServiceAccount
    from dotflow_deploy.gcp.google import Google
    from dotflow_deploy.gcp.job import Job

ZONE: Final = "Etc/UTC"
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"


class Timer(Resource):
    """A schedule that starts a job.

    Args:
        google: The APIs.
        job: The job.
        account: Who starts it.
        schedule: When, five fields in UTC. None: it is not known, since nothing is to
            be deployed.

    Raises:
        InvalidProject: The schedule is none.
    """

    kind = "Scheduler job"

    def __init__(
        self, google: Google, job: Job, account: ServiceAccount, schedule: str | None
    ) -> None:
        super().__init__(job.name)
        self.google = google
        self.job = job
        self.account = account
        self.schedule = "" if schedule is None else cloud_scheduler(schedule)

    @property
    def path(self) -> str:
        """Its full name."""
        return f"{self.google.location}/jobs/{self.name}"

    @property
    def uri(self) -> str:
        """What it calls."""
        return f"https://run.googleapis.com/v2/{self.job.path}:run"

    def read(self) -> State | None:
        """Return what the plan compares."""
        found = self.google.find(
            self,
            "cloudscheduler.jobs.get",
            lambda: self.google.scheduler.get_job(name=self.path),
        )
        if found is None:
            return None
        return {
            "description": found.description,
            "schedule": found.schedule,
            "time zone": found.time_zone,
            "target": found.http_target.uri,
            "account": found.http_target.oauth_token.service_account_email,
        }

    def create(self) -> None:
        """Make it."""
        from google.cloud.scheduler_v1 import Job as Wanted

        self.google.ask(
            self,
            "create",
            "cloudscheduler.jobs.create",
            lambda: self.google.scheduler.create_job(
                parent=self.google.location, job=Wanted(**self._declared())
            ),
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Return what is not as declared."""
        wanted = {
            "schedule": self.schedule,
            "time zone": ZONE,
            "target": self.uri,
            "account": self.account.email,
        }
        return compare(state, wanted)

    def update(self, state: State) -> None:
        """Change it."""
        from google.cloud.scheduler_v1 import Job as Wanted

        # Named, so that what users have set beside them stays, such as retries.
        paths = ["schedule", "time_zone", "http_target"]
        self.google.ask(
            self,
            "change",
            "cloudscheduler.jobs.update",
            lambda: self.google.scheduler.update_job(
                job=Wanted(**self._declared()), update_mask={"paths": paths}
            ),
        )

    def delete(self, state: State) -> None:
        """Remove it."""
        self.google.gone(
            self,
            "cloudscheduler.jobs.delete",
            lambda: self.google.scheduler.delete_job(name=self.path),
        )

    def is_ours(self, state: State) -> bool:
        """Tell by its description: it can have no labels."""
        project, platform = self.job.project.name, self.job.platform
        return is_described(state["description"], project, platform)

    def detail(self) -> str:
        """Return when it is due."""
        return f"{self.schedule} UTC"

    def _declared(self) -> dict[str, Any]:
        return {
            "name": self.path,
            "description": marked_text(self.job.project.name, self.job.platform),
            "schedule": self.schedule,
            "time_zone": ZONE,
            "http_target": {
                "uri": self.uri,
                "http_method": "POST",
                "oauth_token": {
                    "service_account_email": self.account.email,
                    "scope": _SCOPE,
                },
            },
        }
