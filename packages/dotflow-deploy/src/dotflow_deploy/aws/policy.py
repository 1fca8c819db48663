"""IAM policies: what a role may do, and who may take it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dotflow_deploy.aws.account import Account

Document = dict[str, Any]

VERSION: Final = "2012-10-17"
EVERYTHING: Final = "*"
"""For actions that know no resource, and for no others."""


def document(*statements: Document) -> Document:
    """Return a policy of statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def allow(
    actions: Sequence[str], *resources: str, condition: Document | None = None
) -> Document:
    """Return a statement that allows actions.

    Args:
        actions: IAM's names of them.
        *resources: The ARNs on which they are allowed.
        condition: When.
    """
    statement: Document = {
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }
    return statement if condition is None else {**statement, "Condition": condition}


def trust(service: str, account: Account, source: str | None = None) -> Document:
    """Return a policy by which a service takes a role for this account alone.

    Args:
        service: The service's principal: `"events.amazonaws.com"`.
        account: The account that the service has to act for.
        source: The ARN, or a pattern of it, of what it has to act for.
    """
    condition: Document = {"StringEquals": {"aws:SourceAccount": account.id}}
    if source is not None:
        condition["ArnLike"] = {"aws:SourceArn": source}
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }
    )


def trust_lambda() -> Document:
    """Return a policy by which Lambda takes a role.

    Lambda names no source when it takes a function's role, so that a condition on one
    would keep it out. Only who may pass the role (`iam:PassRole`) can use it.
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )


def pull_statements(repository_arn: str) -> list[Document]:
    """Return what pulling the images of one ECR repository takes.

    Args:
        repository_arn: The repository.
    """
    return [
        # A token is for the registry as a whole: the action knows no resource.
        allow(["ecr:GetAuthorizationToken"], EVERYTHING),
        allow(
            [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            repository_arn,
        ),
    ]


def write_log(log_group_arn: str) -> Document:
    """Return what writing into one log group takes.

    Args:
        log_group_arn: The log group, without `:*`.
    """
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    return allow(actions, f"{log_group_arn}:*")


def as_document(text: Any) -> Document:
    """Return a policy as a mapping; some of AWS's APIs tell it as text."""
    made: Document = json.loads(text) if isinstance(text, str) else dict(text)
    return made


def as_text(policy: Document) -> str:
    """Return a policy as AWS's APIs take it."""
    return json.dumps(policy)


def same(found: Any, wanted: Any) -> bool:
    """Tell whether two policies say the same, however AWS has written them down.

    Args:
        found: What AWS tells.
        wanted: What is declared.
    """
    return bool(_plain(found) == _plain(wanted))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        # One action may stand alone, and the order of several means nothing.
        each = [_plain(one) for one in value]
        return each[0] if len(each) == 1 else sorted(each, key=repr)
    return value
