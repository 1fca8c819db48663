"""The bucket that holds what Cloud Build builds from, and its logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow_deploy.project import shortened
from dotflow_deploy.stack import Resource, State, is_marked, marks

if TYPE_CHECKING:
    from dotflow_deploy.gcp.google import Google

_DAYS = 7
_LIMIT = 63


class SourceBucket(Resource):
    """A bucket in the region, closed to the public, which empties itself.

    Args:
        google: The APIs.
        project: Name of the deployed project.
        platform: Name of the platform.
    """

    kind = "Storage bucket"

    def __init__(self, google: Google, project: str, platform: str) -> None:
        super().__init__(shortened(f"{google.project}-{project}-builds", _LIMIT))
        self.google = google
        self.project = project
        self.platform = platform

    def read(self) -> State | None:
        """Return its labels."""
        bucket = self.google.find(
            self,
            "storage.buckets.get",
            lambda: self.google.storage.get_bucket(self.name),
        )
        return None if bucket is None else {"labels": bucket.labels}

    def create(self) -> None:
        """Make it, with a rule that removes what is a week old."""
        bucket = self.google.storage.bucket(self.name)
        bucket.labels = marks(self.project, self.platform)
        bucket.iam_configuration.uniform_bucket_level_access_enabled = True
        bucket.iam_configuration.public_access_prevention = "enforced"
        bucket.add_lifecycle_delete_rule(age=_DAYS)
        self.google.ask(
            self,
            "create",
            "storage.buckets.create",
            lambda: bucket.create(location=self.google.region),
        )

    def delete(self, state: State) -> None:
        """Remove it with the sources and logs in it, which can be made again."""
        bucket = self.google.storage.bucket(self.name)

        def empty_and_delete() -> None:
            for blob in list(bucket.list_blobs(versions=True)):
                self.google.gone(self, "storage.objects.delete", blob.delete)
            bucket.delete()

        self.google.gone(self, "storage.buckets.delete", empty_and_delete)

    def is_ours(self, state: State) -> bool:
        """Tell by its labels."""
        return is_marked(state["labels"], self.project, self.platform)

    def detail(self) -> str:
        """Return where it is."""
        return f"{self.google.region}, emptied after {_DAYS} days"
