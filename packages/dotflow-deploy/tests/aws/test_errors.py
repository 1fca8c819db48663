"""What AWS refuses, as a user reads it."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from dotflow_deploy.aws.account import Account
from dotflow_deploy.errors import CloudError, InvalidProject


def on(*operations: str) -> Any:
    """Return what tells whether a request is one of these operations."""
    return lambda operation: any(part in operation for part in operations)


@pytest.mark.parametrize(
    ("platform", "operation", "code", "permission", "resource"),
    [
        (
            "lambda",
            "CreateRole",
            "AccessDenied",
            "iam:CreateRole",
            "IAM role shop-lambda-us-east-1",
        ),
        (
            "lambda",
            "POST /2015-03-31/functions",
            "AccessDeniedException",
            "lambda:CreateFunction",
            "Lambda function shop",
        ),
        (
            "lambda-s3-trigger",
            "?notification",
            "AccessDenied",
            "s3:GetBucketNotification",
            "Bucket notification dotflow-shop",
        ),
        (
            "lambda-api-trigger",
            "POST /v2/apis",
            "AccessDeniedException",
            "apigateway:POST",
            "HTTP API shop-api",
        ),
        (
            "ecs",
            "CreateSecurityGroup",
            "UnauthorizedOperation",
            "ec2:CreateSecurityGroup",
            "Security group shop",
        ),
        (
            "step-functions",
            "CreateStateMachine",
            "AccessDeniedException",
            "states:CreateStateMachine",
            "State machine shop",
        ),
    ],
)
def test_missing_permission(
    aws: Any,
    deployed: Any,
    fault: Any,
    clock: Any,
    platform: str,
    operation: str,
    code: str,
    permission: str,
    resource: str,
) -> None:
    """It says which resource, which permission is missing, and what to do next."""
    told = "User: arn:aws:iam::123456789012:user/me is not authorized"
    denied = fault(on(operation), code=code, message=told, status=403, times=999)
    with denied, pytest.raises(CloudError) as caught:
        deployed(platform).stack().apply()
    text = str(caught.value)
    assert caught.value.permission == permission
    assert resource in text
    assert f"lack the permission {permission}" in text
    assert told in text
    assert "run the same command again" in text
    assert clock.now < 30


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ExpiredToken", "have expired"),
        ("ExpiredTokenException", "have expired"),
        ("InvalidClientTokenId", "does not accept the credentials"),
        ("SignatureDoesNotMatch", "does not accept the credentials"),
    ],
)
def test_bad_credentials(
    deployed: Any, fault: Any, secret: str, code: str, told: str
) -> None:
    """Credentials that are not good any more are said to be, with how to sign in."""
    refused = fault(on("GetCallerIdentity"), code=code, message=secret, status=403)
    with refused, pytest.raises(CloudError) as caught:
        deployed("lambda").stack()
    assert told in str(caught.value)
    assert "aws sso login" in str(caught.value)
    assert secret not in str(caught.value)


def test_no_credentials(deployed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials it says how to sign in."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CloudError, match=r"no AWS credentials.*aws sso login"):
        deployed("lambda").stack()


def test_unknown_profile(deployed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that does not exist is named."""
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    with pytest.raises(CloudError, match=r"nowhere.*aws configure list-profiles"):
        deployed("lambda").stack()


def test_nobody_there(deployed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where AWS is not reached, it says what to look at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(CloudError, match=r"--region.*AWS_ENDPOINT_URL"):
            deployed("lambda").stack()


def test_region(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The region is the one asked for, else the environment's, else us-east-1."""
    assert Account().region == "us-east-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert Account().region == "eu-west-1"
    assert Account("sa-east-1").region == "sa-east-1"


def test_profile(aws: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A profile's region and endpoint are those of the deployment."""
    config = tmp_path / "config"
    config.write_text(
        f"[profile work]\nregion = eu-central-1\nendpoint_url = {aws.url}\n"
        "aws_access_key_id = testing\naws_secret_access_key = testing\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "work")
    account = Account()
    assert account.region == "eu-central-1"
    assert account.id == "123456789012"


@pytest.mark.parametrize(
    ("platform", "options", "told"),
    [
        ("lambda", {"memory": 16}, "128 to 10240 MB"),
        ("lambda", {"timeout": 1000}, "900 s"),
        ("ecs", {"memory": 200_000}, "122880 MB"),
        ("ecs", {"builder": "zip"}, "--platform lambda"),
        ("lambda-scheduled", {"schedule": "0 6 1 * 1"}, "cannot express"),
        ("ecs-scheduled", {"schedule": "every day"}, "every day"),
    ],
)
def test_refused_before_anything_is_asked(
    aws: Any, deployed: Any, platform: str, options: Any, told: str
) -> None:
    """What AWS does not offer is refused before anything is made."""
    with pytest.raises(InvalidProject, match=told):
        deployed(platform).stack(**options)
    assert aws.mutations == []


def test_answer_with_a_secret(deployed: Any, fault: Any, secret: str) -> None:
    """An answer that repeats the value of a variable is told without it."""
    message = f"Value '{{TOKEN={secret}}}' at 'environment' is not valid"
    refused = fault(on("POST /2015-03-31/functions"), message=message)
    with refused, pytest.raises(CloudError) as caught:
        deployed("lambda").stack().apply()
    assert "{TOKEN=***}" in str(caught.value)
    assert secret not in str(caught.value)


def test_run_under_way(deployed: Any, fault: Any) -> None:
    """A cluster in which a run is going on is not removed, with what to do."""
    deployment = deployed("ecs")
    deployment.stack().apply()
    code = "ClusterContainsTasksException"
    with fault(on("DeleteCluster"), code=code), pytest.raises(CloudError) as caught:
        deployment.named().destroy()
    assert "aws ecs stop-task" in str(caught.value)
    deployment.named().destroy()


GET = "GET /2015-03-31/functions/shop"


def test_tags_that_are_not_told(deployed: Any, fault: Any) -> None:
    """A function whose tags may not be read is not taken for someone else's."""
    deployment = deployed("lambda")
    deployment.stack().apply()
    error = {"ErrorCode": "AccessDeniedException", "Message": "not authorized"}
    body = {"Configuration": {}, "TagsError": error}
    with (
        fault(lambda asked: asked == GET, status=200, body=body),
        pytest.raises(CloudError, match="not authorized") as caught,
    ):
        deployment.stack().apply()
    assert caught.value.permission == "lambda:ListTags"


def test_function_that_does_not_start(deployed: Any, fault: Any) -> None:
    """A function that AWS cannot make ready is told with AWS's reason, and made anew."""
    deployment = deployed("lambda")
    reason = "the image is not for this processor"
    failed = {"FunctionName": "shop", "State": "Failed", "StateReason": reason}
    body = {"Configuration": failed, "Tags": {}}
    # Two are read before it is made.
    waits = fault(lambda asked: asked == GET, status=200, body=body, skip=2)
    with waits, pytest.raises(CloudError, match=reason):
        deployment.stack().apply()

    ours = {"dotflow-project": "shop", "dotflow-platform": "lambda"}
    body = {"Configuration": {**failed, "PackageType": "Zip"}, "Tags": ours}
    reads = fault(lambda asked: asked == GET, status=200, body=body, times=2)
    with reads:
        plan = deployment.stack().apply()
    (difference,) = [d for change in plan for d in change.differences]
    assert difference.wanted == "active (made anew)"
    assert deployment.stack().plan().is_empty


def test_reserved_variable(aws: Any, deployed: Any) -> None:
    """A variable that Lambda sets itself is refused by its name alone."""
    deployment = deployed("lambda")
    deployment.env = {"AWS_SECRET_ACCESS_KEY": "never-told"}
    with pytest.raises(InvalidProject, match="AWS_SECRET_ACCESS_KEY") as caught:
        deployment.stack()
    assert "never-told" not in str(caught.value)


def test_no_default_network(aws: Any, inventory: Any, deployed: Any) -> None:
    """Where the default network was removed, it says how to make one."""
    ec2 = inventory.client("ec2")
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    with pytest.raises(CloudError, match="aws ec2 create-default-vpc"):
        deployed("ecs").stack().apply()


def test_target_that_is_refused(
    aws: Any, deployed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What EventBridge refuses within an answer that says all is well is told."""
    stack = deployed("lambda-scheduled").stack()
    rule = stack.resources[-1]
    entry = {"ErrorCode": "ConcurrentModification", "ErrorMessage": "not now"}
    monkeypatch.setattr(
        rule,
        "call",
        lambda *_args, **_more: {"FailedEntryCount": 1, "FailedEntries": [entry]},
    )
    with pytest.raises(CloudError, match=r"Schedule target shop: not now"):
        stack.apply()
