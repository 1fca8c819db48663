"""What of a bucket a Lambda function is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.account import Patience
from dotflow_deploy.aws.resource import AwsResource, Site
from dotflow_deploy.stack import Difference, State, compare

if TYPE_CHECKING:
    from dotflow_deploy.aws.bucket import Bucket
    from dotflow_deploy.aws.function import Function

EVENTS: Final = ["s3:ObjectCreated:*"]

# S3 tries the function out, whose permission it may not know yet.
_PERMISSION: Final = Patience(("InvalidArgument",), 30)
_LAMBDA: Final = "LambdaFunctionConfigurations"


class Notification(AwsResource):
    """A notification of new objects in a bucket. Others of the bucket stay.

    Args:
        site: Where it is.
        bucket: The bucket.
        function: The function that is told.
    """

    kind = "Bucket notification"
    service: ClassVar[str] = "s3"

    def __init__(self, site: Site, bucket: Bucket, function: Function) -> None:
        super().__init__(f"dotflow-{function.name}", site, part_of=bucket)
        self.bucket = bucket
        self.function = function

    def read(self) -> State | None:
        """Return the notification."""
        for found in (self._all() or {}).get(_LAMBDA, []):
            if found.get("Id") == self.name:
                return dict(found)
        return None

    def create(self) -> None:
        """Add it to the bucket's."""
        self._put(self._wanted())

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare what is told, and to whom."""
        return compare(state, self._wanted())

    def update(self, state: State) -> None:
        """Replace it among the bucket's."""
        self._put(self._wanted())

    def delete(self, state: State) -> None:
        """Remove it from the bucket's."""
        if self._all() is not None:
            self._put()

    def _wanted(self) -> dict[str, Any]:
        return {
            "Id": self.name,
            "LambdaFunctionArn": self.function.arn,
            "Events": EVENTS,
        }

    def _all(self) -> dict[str, Any] | None:
        answer = self.find(
            "get_bucket_notification_configuration",
            "NoSuchBucket",
            Bucket=self.bucket.name,
            ExpectedBucketOwner=self.account.id,
        )
        if answer is not None:
            answer.pop("ResponseMetadata", None)
        return answer

    def _put(self, *wanted: dict[str, Any]) -> None:
        # S3 takes all of a bucket's at once: those of others are told again as they are.
        found = self._all() or {}
        others = [each for each in found.get(_LAMBDA, []) if each["Id"] != self.name]
        self.call(
            "put_bucket_notification_configuration",
            Bucket=self.bucket.name,
            ExpectedBucketOwner=self.account.id,
            NotificationConfiguration={**found, _LAMBDA: [*others, *wanted]},
            patience=_PERMISSION,
        )
