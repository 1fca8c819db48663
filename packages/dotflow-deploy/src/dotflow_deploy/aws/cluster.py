"""Clusters of ECS."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from dotflow_deploy.aws.account import Patience
from dotflow_deploy.aws.resource import AwsResource, tag_map

if TYPE_CHECKING:
    from dotflow_deploy.stack import State

# In a new account, ECS's own role is being made.
_NEW_ACCOUNT: Final = Patience(("InvalidParameterException",), 30)


class Cluster(AwsResource):
    """A cluster for tasks on Fargate: a name, which costs nothing.

    Args:
        name: Its name.
        site: Where it is.
    """

    kind = "ECS cluster"
    service: ClassVar[str] = "ecs"
    arn_prefix: ClassVar[str] = "cluster/"

    def read(self) -> State | None:
        """Return its tags."""
        answer = self.call("describe_clusters", clusters=[self.name], include=["TAGS"])
        for cluster in answer["clusters"]:
            # What was removed is told of for a while.
            if cluster["status"] != "INACTIVE":
                return {"tags": tag_map(cluster.get("tags", []), "key", "value")}
        return None

    def create(self) -> None:
        """Make it."""
        self.call(
            "create_cluster",
            clusterName=self.name,
            tags=self.site.tag_list("key", "value"),
            patience=_NEW_ACCOUNT,
        )

    def delete(self, state: State) -> None:
        """Remove it. ECS refuses while a run is going on."""
        self.find("delete_cluster", "ClusterNotFoundException", cluster=self.name)
