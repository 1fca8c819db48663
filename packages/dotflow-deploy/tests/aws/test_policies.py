"""What each role of a deployment may do, to the letter, and who may take it."""

from __future__ import annotations

import json
from typing import Any

import pytest

ACCOUNT = "123456789012"
LOGS = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:shop"
FAILURES = f"arn:aws:sqs:us-east-1:{ACCOUNT}:shop-failures"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/shop"
TASK = f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/shop"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:shop"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/shop"
SOURCE = f"arn:aws:s3:::shop-source-us-east-1-{ACCOUNT}"
RESULTS = f"arn:aws:s3:::shop-results-us-east-1-{ACCOUNT}"


def allow(actions: list[str], *resources: str, **more: Any) -> dict[str, Any]:
    """Return a statement."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": [*resources]}
    return {**statement, **more}


WRITE = ["logs:CreateLogStream", "logs:PutLogEvents"]
FUNCTION_LOG = allow(WRITE, f"{LOGS}/aws/lambda/shop:*")
SEND = allow(["sqs:SendMessage"], FAILURES)
START = [
    # The one action that AWS lets nobody restrict to a resource.
    allow(["ecr:GetAuthorizationToken"], "*"),
    allow(
        [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ],
        f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/shop",
    ),
    allow(WRITE, f"{LOGS}/ecs/shop:*"),
]
EXPECTED: dict[str, dict[str, list[Any] | None]] = {
    "lambda": {"lambda": [FUNCTION_LOG]},
    "lambda-scheduled": {"lambda": [FUNCTION_LOG, SEND]},
    "lambda-s3-trigger": {
        "lambda": [
            FUNCTION_LOG,
            allow(["s3:GetObject", "s3:GetObjectVersion"], f"{SOURCE}/*"),
            SEND,
        ]
    },
    "lambda-sqs-trigger": {
        "lambda": [
            FUNCTION_LOG,
            allow(
                ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
                f"arn:aws:sqs:us-east-1:{ACCOUNT}:shop-queue",
            ),
        ]
    },
    "lambda-api-trigger": {"lambda": [FUNCTION_LOG]},
    "ecs": {"start": START, "task": None},
    "ecs-scheduled": {
        "start": START,
        "task": None,
        "schedule": [
            allow(
                ["ecs:RunTask"],
                TASK,
                f"{TASK}:*",
                Condition={
                    "ArnEquals": {
                        "ecs:cluster": f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/shop"
                    }
                },
            ),
            allow(
                ["iam:PassRole"],
                f"{ROLES}-start-us-east-1",
                f"{ROLES}-task-us-east-1",
                Condition={
                    "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
                },
            ),
        ],
    },
    "step-functions scheduled": {
        "lambda": [
            FUNCTION_LOG,
            allow(["s3:ListBucket"], RESULTS),
            allow(
                ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                f"{RESULTS}/dotflow/*",
            ),
        ],
        "machine": [allow(["lambda:InvokeFunction"], FUNCTION)],
        "schedule": [allow(["states:StartExecution"], MACHINE)],
    },
}

TRUSTED = {
    "lambda": ("lambda.amazonaws.com", None),
    "start": ("ecs-tasks.amazonaws.com", f"arn:aws:ecs:us-east-1:{ACCOUNT}:*"),
    "task": ("ecs-tasks.amazonaws.com", f"arn:aws:ecs:us-east-1:{ACCOUNT}:*"),
    "machine": ("states.amazonaws.com", MACHINE),
    "schedule": ("events.amazonaws.com", RULE),
}


@pytest.mark.parametrize("platform", EXPECTED)
@pytest.mark.sampled(4)
def test_policies(inventory: Any, deployed: Any, platform: str) -> None:
    """Each role may do what it has to on the very things of its deployment, no more."""
    deployed(platform).stack().apply()
    iam = inventory.client("iam")
    roles = {role["RoleName"]: role for role in iam.list_roles()["Roles"]}
    expected = EXPECTED[platform]
    assert set(roles) == {f"shop-{purpose}-us-east-1" for purpose in expected}
    for purpose, statements in expected.items():
        name = f"shop-{purpose}-us-east-1"
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        assert attached == []
        names = iam.list_role_policies(RoleName=name)["PolicyNames"]
        assert names == ([] if statements is None else ["dotflow"])
        for policy in names:
            found = iam.get_role_policy(RoleName=name, PolicyName=policy)
            document = found["PolicyDocument"]
            assert document == {"Version": "2012-10-17", "Statement": statements}
        trust = roles[name]["AssumeRolePolicyDocument"]["Statement"]
        assert trust == [_trust(*TRUSTED[purpose])]


def _trust(service: str, source: str | None) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if source is not None:
        statement["Condition"] = {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": source},
        }
    return statement


@pytest.mark.parametrize(
    ("platform", "service", "source"),
    [
        ("lambda-scheduled", "events.amazonaws.com", RULE),
        ("lambda-s3-trigger", "s3.amazonaws.com", SOURCE),
        ("lambda-api-trigger", "apigateway.amazonaws.com", None),
    ],
)
def test_who_may_call(
    inventory: Any, deployed: Any, platform: str, service: str, source: str | None
) -> None:
    """A function can be called by the one thing that triggers it, of this account."""
    stack = deployed(platform).stack()
    stack.apply()
    policy = inventory.client("lambda").get_policy(FunctionName="shop")["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    if source is None:
        (api,) = inventory.client("apigatewayv2").get_apis()["Items"]
        arn = f"arn:aws:execute-api:us-east-1:{ACCOUNT}"
        source = f"{arn}:{api['ApiId']}/*/POST/workflow"
    assert statement["Principal"] == {"Service": service}
    assert statement["Action"] == "lambda:InvokeFunction"
    condition: dict[str, Any] = {"ArnLike": {"AWS:SourceArn": source}}
    if ACCOUNT not in source.split(":"):  # a bucket's name does not say whose it is
        condition["StringEquals"] = {"AWS:SourceAccount": ACCOUNT}
    assert statement["Condition"] == condition


def test_api_is_not_open(inventory: Any, deployed: Any) -> None:
    """Nobody can start a run at the user's cost without being signed in to AWS."""
    deployed("lambda-api-trigger").stack().apply()
    client = inventory.client("apigatewayv2")
    (api,) = client.get_apis()["Items"]
    (route,) = client.get_routes(ApiId=api["ApiId"])["Items"]
    assert route["RouteKey"] == "POST /workflow"
    assert route["AuthorizationType"] == "AWS_IAM"


def test_regions_are_apart(inventory: Any, deployed: Any, aws: Any) -> None:
    """Removing a project from one region leaves it as it is in another."""
    deployment = deployed("lambda-s3-trigger")
    deployment.stack().apply()
    before = inventory.take()
    other = deployment.stack(region="eu-west-1")
    other.apply()
    assert deployment.stack().plan().is_empty
    other.destroy()
    assert inventory.take() == before


def test_policies_of_users_stay(inventory: Any, deployed: Any) -> None:
    """What a user allows a role beside ours stays when it is deployed again."""
    deployment = deployed("lambda")
    deployment.stack().apply()
    iam, name = inventory.client("iam"), "shop-lambda-us-east-1"
    statement = allow(["s3:GetObject"], "arn:aws:s3:::mine/*")
    mine = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="mine", PolicyDocument=mine)
    assert deployment.stack().plan().is_empty
    deployment.stack(memory=1024).apply()
    assert set(iam.list_role_policies(RoleName=name)["PolicyNames"]) == {
        "dotflow",
        "mine",
    }
    deployment.named().destroy()
    assert iam.list_roles()["Roles"] == []


def test_drift_is_mended(inventory: Any, deployed: Any) -> None:
    """A policy, or code, that someone else changed is told, and put right."""
    deployment = deployed("lambda")
    deployment.stack().apply()
    before = inventory.take()
    wide = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [wide]})
    inventory.client("iam").put_role_policy(
        RoleName="shop-lambda-us-east-1", PolicyName="dotflow", PolicyDocument=document
    )
    builder = type(deployment.builder())(deployment.project, size=1)
    inventory.client("lambda").update_function_code(
        FunctionName="shop", ZipFile=builder.build(print).read_bytes()
    )
    plan = deployment.stack().plan()
    told = {d.name: d for change in plan for d in change.differences}
    assert set(told) == {"permissions", "code"}
    assert told["permissions"].found == "*"
    assert "someone else" in str(told["code"].found)
    deployment.stack().apply()
    assert inventory.take() == before
