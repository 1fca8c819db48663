"""Repositories of images in ECR."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.policy import Document, as_document, as_text, same
from dotflow_deploy.aws.resource import AwsResource, Site, tag_map
from dotflow_deploy.stack import Difference, State

if TYPE_CHECKING:
    from dotflow_deploy.build import Login

_GONE: Final = "RepositoryNotFoundException"
_KEPT: Final = 5

# Older images are those of deployments before: they would cost forever.
LIFECYCLE: Final = {
    "rules": [
        {
            "rulePriority": 1,
            "description": f"Keep the newest {_KEPT}",
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": _KEPT,
            },
            "action": {"type": "expire"},
        }
    ]
}


class Repository(AwsResource):
    """A repository for the images of one project, of which the newest are kept.

    Args:
        name: Its name.
        site: Where it is.
        statement: Returns what of its policy is declared: a service that may pull.
            Statements of others stay.
    """

    kind = "ECR repository"
    service: ClassVar[str] = "ecr"
    arn_prefix: ClassVar[str] = "repository/"

    def __init__(
        self,
        name: str,
        site: Site,
        statement: Callable[[], Document] | None = None,
    ) -> None:
        super().__init__(name, site)
        self._statement = statement

    @property
    def uri(self) -> str:
        """What images there are named after, known before it is made."""
        account = self.account
        end = ".com.cn" if account.partition == "aws-cn" else ".com"
        host = f"{account.id}.dkr.ecr.{account.region}.amazonaws{end}"
        return f"{host}/{self.name}"

    def login(self) -> Login:
        """Return who pushes, for the next twelve hours."""
        from dotflow_deploy.build import Login

        answer = self.call("get_authorization_token")
        token = answer["authorizationData"][0]["authorizationToken"]
        username, _, password = base64.b64decode(token).decode().partition(":")
        return Login(self.uri.partition("/")[0], username, password)

    def read(self) -> State | None:
        """Return its `policy` and its `lifecycle`."""
        found = self.find("describe_repositories", _GONE, repositoryNames=[self.name])
        if found is None:
            return None
        arn = found["repositories"][0]["repositoryArn"]
        tags = self.find("list_tags_for_resource", _GONE, resourceArn=arn)
        if tags is None:
            return None
        policy = self.find(
            "get_repository_policy",
            "RepositoryPolicyNotFoundException",
            _GONE,
            repositoryName=self.name,
        )
        lifecycle = self.find(
            "get_lifecycle_policy",
            "LifecyclePolicyNotFoundException",
            _GONE,
            repositoryName=self.name,
        )
        return {
            "tags": tag_map(tags["tags"]),
            "policy": policy and as_document(policy["policyText"]),
            "lifecycle": lifecycle and json.loads(lifecycle["lifecyclePolicyText"]),
        }

    def create(self) -> None:
        """Make it, then say what it keeps and who may pull."""
        self.call(
            "create_repository",
            repositoryName=self.name,
            imageScanningConfiguration={"scanOnPush": True},
            tags=self.site.tag_list(),
        )
        self.update({"policy": None, "lifecycle": None})

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare what it keeps and who may pull."""
        differences = []
        if state["lifecycle"] != LIFECYCLE:
            differences.append(Difference("kept", "(other)", f"the newest {_KEPT}"))
        if self._policy(state) != state["policy"]:
            differences.append(Difference("policy", "(other)", "(changed)"))
        return differences

    def update(self, state: State) -> None:
        """Change what it keeps and who may pull."""
        if state["lifecycle"] != LIFECYCLE:
            self.call(
                "put_lifecycle_policy",
                repositoryName=self.name,
                lifecyclePolicyText=json.dumps(LIFECYCLE),
            )
        policy = self._policy(state)
        if policy is not None and policy != state["policy"]:
            self.call(
                "set_repository_policy",
                repositoryName=self.name,
                policyText=as_text(policy),
            )

    def delete(self, state: State) -> None:
        """Remove it with its images."""
        self.find("delete_repository", _GONE, repositoryName=self.name, force=True)

    def _policy(self, state: State) -> Document | None:
        found: Document | None = state["policy"]
        if self._statement is None:
            return found
        wanted = self._statement()
        statements: list[Any] = [] if found is None else found["Statement"]
        if any(same(each, wanted) for each in statements):
            return found
        others = [each for each in statements if each.get("Sid") != wanted["Sid"]]
        return {
            "Version": "2012-10-17",
            **(found or {}),
            "Statement": [*others, wanted],
        }
