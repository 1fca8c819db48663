"""Queues of SQS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar, Final

from dotflow_deploy.aws.account import Patience
from dotflow_deploy.aws.resource import AwsResource, Site
from dotflow_deploy.stack import Difference, State

_GONE: Final = ("QueueDoesNotExist", "NonExistentQueue")
# A queue of that name went within the last minute.
_JUST_GONE: Final = Patience(("QueueDeletedRecently",), 90)
RECEIVES: Final = 5
"""How often a message is delivered before it goes to the dead letters."""
RETENTION: Final = 14 * 24 * 3600
"""How long a queue keeps a message, in seconds: the longest there is."""


class Queue(AwsResource):
    """A queue.

    Args:
        name: Its name.
        site: Where it is.
        visibility: Seconds for which a message that was delivered is not delivered again.
        dead_letters: Where messages go that are delivered in vain.
    """

    kind = "SQS queue"
    service: ClassVar[str] = "sqs"
    keeps_data = True

    def __init__(
        self,
        name: str,
        site: Site,
        visibility: int = 30,
        dead_letters: Queue | None = None,
    ) -> None:
        super().__init__(name, site)
        self._attributes = {
            "VisibilityTimeout": str(visibility),
            "MessageRetentionPeriod": str(RETENTION),
            "SqsManagedSseEnabled": "true",
        }
        self._dead_letters = dead_letters

    @property
    def url(self) -> str:
        """Its address, once it is there."""
        return "" if self.state is None else str(self.state["url"])

    def read(self) -> State | None:
        """Return its `url` and its `attributes`."""
        found = self.find("get_queue_url", *_GONE, QueueName=self.name)
        if found is None:
            return None
        url = found["QueueUrl"]
        attributes = self.find(
            "get_queue_attributes", *_GONE, QueueUrl=url, AttributeNames=["All"]
        )
        tags = self.find("list_queue_tags", *_GONE, QueueUrl=url)
        if attributes is None or tags is None:
            return None
        return {
            "url": url,
            "tags": tags.get("Tags", {}),
            "attributes": attributes["Attributes"],
        }

    def create(self) -> None:
        """Make it."""
        self.call(
            "create_queue",
            QueueName=self.name,
            Attributes=self._wanted(),
            tags=self.site.tags,
            patience=_JUST_GONE,
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare the attributes that are declared."""
        found = state["attributes"]
        return [
            Difference(name, found.get(name), value)
            for name, value in self._wanted().items()
            if not _same(found.get(name), value)
        ]

    def update(self, state: State) -> None:
        """Change the attributes."""
        self.call(
            "set_queue_attributes", QueueUrl=state["url"], Attributes=self._wanted()
        )

    def delete(self, state: State) -> None:
        """Remove it with its messages."""
        self.find("delete_queue", *_GONE, QueueUrl=state["url"])

    def _wanted(self) -> dict[str, str]:
        if self._dead_letters is None:
            return self._attributes
        redrive = {
            "deadLetterTargetArn": self._dead_letters.arn,
            "maxReceiveCount": RECEIVES,
        }
        return {**self._attributes, "RedrivePolicy": json.dumps(redrive)}


def _same(found: str | None, wanted: str) -> bool:
    if found is None or not wanted.startswith("{"):
        return found == wanted
    return bool(json.loads(found) == json.loads(wanted))
