"""The network that tasks run in: the account's default one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from dotflow_deploy.aws.account import Patience
from dotflow_deploy.aws.resource import AwsResource, Site, tag_map
from dotflow_deploy.errors import CloudError

if TYPE_CHECKING:
    from dotflow_deploy.aws.account import Account
    from dotflow_deploy.stack import State

# A task that has ended holds its network interface for some moments.
_IN_USE: Final = Patience(("DependencyViolation",), 90)
_GONE: Final = "InvalidGroup.NotFound"
_NAME: Final = "The default VPC"


class DefaultNetwork:
    """The VPC and the subnets that AWS gives every account; they are only looked up.

    Args:
        account: The account and its region.
    """

    def __init__(self, account: Account) -> None:
        self._account = account

    @cached_property
    def vpc(self) -> str:
        """The id of the VPC.

        Raises:
            CloudError: Someone has removed it.
        """
        answer = self._account.call(
            "ec2",
            "describe_vpcs",
            _NAME,
            Filters=[{"Name": "is-default", "Values": ["true"]}],
        )
        for vpc in answer["Vpcs"]:
            return str(vpc["VpcId"])
        region = self._account.region
        raise CloudError(
            _NAME,
            "find",
            f"there is none in {region}",
            hint=f"Make one with `aws ec2 create-default-vpc --region {region}`, then"
            " run the same command again.",
        )

    @cached_property
    def subnets(self) -> list[str]:
        """The ids of its subnets, one in each zone, sorted."""
        answer = self._account.call(
            "ec2",
            "describe_subnets",
            f"{_NAME}'s subnets",
            Filters=[
                {"Name": "vpc-id", "Values": [self.vpc]},
                {"Name": "default-for-az", "Values": ["true"]},
            ],
        )
        return sorted(subnet["SubnetId"] for subnet in answer["Subnets"])


class SecurityGroup(AwsResource):
    """A security group that lets everything out, and nothing in.

    Args:
        name: Its name.
        site: Where it is.
        network: The network that it is made in.
    """

    kind = "Security group"
    service: ClassVar[str] = "ec2"

    def __init__(self, name: str, site: Site, network: DefaultNetwork) -> None:
        super().__init__(name, site)
        self.network = network

    @property
    def id(self) -> str:
        """Its id, once it is there."""
        return "" if self.state is None else str(self.state["id"])

    def read(self) -> State | None:
        """Return its `id`."""
        answer = self.call(
            "describe_security_groups",
            Filters=[{"Name": "group-name", "Values": [self.name]}],
        )
        # A name is only used once in a network, of which there may be several.
        found = [
            {
                "id": group["GroupId"],
                "tags": tag_map(group.get("Tags", [])),
                "vpc": group["VpcId"],
            }
            for group in answer["SecurityGroups"]
        ]
        ours = next((group for group in found if self.is_ours(group)), None)
        if ours is not None or not found:
            return ours
        return next((g for g in found if g["vpc"] == self.network.vpc), None)

    def create(self) -> None:
        """Make it, as EC2 does: everything is let out, and nothing in."""
        self.call(
            "create_security_group",
            GroupName=self.name,
            Description=f"Runs of {self.site.project}, made by dotflow deploy",
            VpcId=self.network.vpc,
            TagSpecifications=[
                {"ResourceType": "security-group", "Tags": self.site.tag_list()}
            ],
        )

    def delete(self, state: State) -> None:
        """Remove it."""
        self.find("delete_security_group", _GONE, GroupId=state["id"], patience=_IN_USE)
