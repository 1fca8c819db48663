"""Buckets of S3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.account import Patience
from dotflow_deploy.aws.resource import AwsResource, Site, tag_map
from dotflow_deploy.stack import Difference

if TYPE_CHECKING:
    from dotflow_deploy.stack import State

# A bucket of that name went a moment ago, or another request about it is under way.
_BUSY: Final = Patience(("OperationAborted", "BucketAlreadyExists"), 30)
RULE: Final = "dotflow"
"""The rule of its lifecycle that is declared here."""


class Bucket(AwsResource):
    """A bucket for what users put there: it is only removed when it is empty.

    It is private and encrypted, as S3 makes every bucket.

    Args:
        name: Its name, one in the world.
        site: Where it is.
        days: How long objects are kept, in days. None: until someone removes them.
    """

    kind = "S3 bucket"
    service: ClassVar[str] = "s3"
    keeps_data = True

    def __init__(self, name: str, site: Site, days: int | None = None) -> None:
        super().__init__(name, site)
        self._days = days

    @property
    def arn(self) -> str:
        """Its ARN, known before it is made."""
        return f"arn:{self.account.partition}:s3:::{self.name}"

    def read(self) -> State | None:
        """Return its tags, and the `days` that objects are kept."""
        tags = self._tags()
        if tags is None:
            return None
        return {"tags": tags, "days": self._kept_days() if self._days else None}

    def create(self) -> None:
        """Make it, its tags in the same request: a failure leaves none without."""
        settings: dict[str, Any] = {"Tags": self.site.tag_list()}
        if self.account.region != "us-east-1":  # which S3 refuses to be told
            settings["LocationConstraint"] = self.account.region
        self.call(
            "create_bucket",
            Bucket=self.name,
            CreateBucketConfiguration=settings,
            patience=_BUSY,
        )
        self.account.wait("s3", "bucket_exists", str(self), Bucket=self.name)
        if not self._tags():  # servers like S3 may not know of tags there
            tags = {"TagSet": self.site.tag_list()}
            self.call("put_bucket_tagging", Bucket=self.name, Tagging=tags)
        if self._days is not None:
            self.update({})

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare how long objects are kept, where that is declared."""
        if state["days"] == self._days:
            return ()
        found = None if state["days"] is None else f"{state['days']} days"
        return [Difference("kept", found, f"{self._days} days")]

    def update(self, state: State) -> None:
        """Change how long objects are kept. Rules of others stay."""
        rule = {
            "ID": RULE,
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": self._days},
        }
        self.call(
            "put_bucket_lifecycle_configuration",
            Bucket=self.name,
            ExpectedBucketOwner=self.account.id,
            LifecycleConfiguration={
                "Rules": [*(r for r in self._rules() if r.get("ID") != RULE), rule]
            },
        )

    def kept(self, state: State) -> str:
        """Say how many objects it holds, if any."""
        answer = self.find(
            "list_objects_v2", "NoSuchBucket", Bucket=self.name, MaxKeys=1
        )
        if answer is None or not answer.get("KeyCount"):
            return ""
        return (
            "it holds objects, and stays. To remove it, too, run `aws s3 rm --recursive"
            f" s3://{self.name}` and destroy again"
        )

    def delete(self, state: State) -> None:
        """Remove it; S3 refuses if something is in it."""
        self.find(
            "delete_bucket",
            "NoSuchBucket",
            Bucket=self.name,
            ExpectedBucketOwner=self.account.id,
        )

    def _tags(self) -> dict[str, str] | None:
        answer = self.find(
            "get_bucket_tagging",
            "NoSuchBucket",
            "NoSuchTagSet",
            Bucket=self.name,
            ExpectedBucketOwner=self.account.id,
        )
        if answer is None:
            return {} if self._is_there() else None
        return tag_map(answer["TagSet"])

    def _rules(self) -> list[dict[str, Any]]:
        answer = self.find(
            "get_bucket_lifecycle_configuration",
            "NoSuchLifecycleConfiguration",
            "NoSuchBucket",
            Bucket=self.name,
            ExpectedBucketOwner=self.account.id,
        )
        return [] if answer is None else list(answer["Rules"])

    def _kept_days(self) -> int | None:
        for rule in self._rules():
            if rule.get("ID") == RULE and rule.get("Status") == "Enabled":
                days: int | None = rule.get("Expiration", {}).get("Days")
                return days
        return None

    def _is_there(self) -> bool:
        head = self.find(
            "head_bucket",
            "404",
            "NoSuchBucket",
            Bucket=self.name,
            ExpectedBucketOwner=self.account.id,
        )
        return head is not None


class WorkBucket(Bucket):
    """A bucket for what only the deployment itself puts there: it goes with all in it."""

    keeps_data = False

    def kept(self, state: State) -> str:
        """Say nothing: what is in it can be made again."""
        return ""

    def delete(self, state: State) -> None:
        """Remove it, with all that is in it."""
        for page in self.pages("list_objects_v2", "Contents", Bucket=self.name):
            self.call("delete_object", Bucket=self.name, Key=page["Key"])
        super().delete(state)
