"""What is not ours is neither taken over nor removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dotflow_deploy.errors import NotOurs

ACCOUNT = "123456789012"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def foreign_role(inventory: Any) -> None:
    inventory.client("iam").create_role(
        RoleName="shop-lambda-us-east-1", AssumeRolePolicyDocument=TRUST
    )


def foreign_log(inventory: Any) -> None:
    inventory.client("logs").create_log_group(logGroupName="/aws/lambda/shop")


def foreign_function(inventory: Any) -> None:
    iam = inventory.client("iam")
    role = iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=TRUST)
    inventory.client("lambda").create_function(
        FunctionName="shop",
        Runtime="python3.12",
        Role=role["Role"]["Arn"],
        Handler="theirs.handler",
        Code={"ZipFile": b"theirs"},
        Tags={"dotflow-project": "other", "dotflow-platform": "lambda"},
    )


def foreign_queue(inventory: Any) -> None:
    inventory.client("sqs").create_queue(QueueName="shop-queue")


def foreign_bucket(inventory: Any) -> None:
    name = f"shop-source-us-east-1-{ACCOUNT}"
    inventory.client("s3").create_bucket(Bucket=name)


def foreign_api(inventory: Any) -> None:
    inventory.client("apigatewayv2").create_api(Name="shop-api", ProtocolType="HTTP")


def foreign_rule(inventory: Any) -> None:
    inventory.client("events").put_rule(Name="shop", ScheduleExpression="rate(1 day)")


def foreign_repository(inventory: Any) -> None:
    inventory.client("ecr").create_repository(repositoryName="shop")


def foreign_cluster(inventory: Any) -> None:
    inventory.client("ecs").create_cluster(clusterName="shop")


def foreign_task(inventory: Any) -> None:
    container = {"name": "theirs", "image": "theirs", "memory": 64}
    inventory.client("ecs").register_task_definition(
        family="shop", containerDefinitions=[container]
    )


def foreign_group(inventory: Any) -> None:
    inventory.client("ec2").create_security_group(
        GroupName="shop", Description="theirs"
    )


def foreign_machine(inventory: Any) -> None:
    iam = inventory.client("iam")
    role = iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=TRUST)
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    inventory.client("stepfunctions").create_state_machine(
        name="shop", definition=json.dumps(definition), roleArn=role["Role"]["Arn"]
    )


FOREIGN: list[tuple[str, str, Callable[[Any], None]]] = [
    ("lambda", "IAM role", foreign_role),
    ("lambda", "Log group", foreign_log),
    ("lambda", "Lambda function", foreign_function),
    ("lambda-sqs-trigger", "SQS queue", foreign_queue),
    ("lambda-s3-trigger", "S3 bucket", foreign_bucket),
    ("lambda-api-trigger", "HTTP API", foreign_api),
    ("lambda-scheduled", "Schedule", foreign_rule),
    ("ecs", "ECR repository", foreign_repository),
    ("ecs", "ECS cluster", foreign_cluster),
    ("ecs", "ECS task definition", foreign_task),
    ("ecs", "Security group", foreign_group),
    ("step-functions", "State machine", foreign_machine),
]


@pytest.mark.parametrize(("platform", "kind", "make"), FOREIGN)
def test_same_name(
    aws: Any,
    inventory: Any,
    deployed: Any,
    platform: str,
    kind: str,
    make: Callable[[Any], None],
) -> None:
    """What is not ours stops a deployment of its name beforehand, and stays."""
    make(inventory)
    before = inventory.take()
    aws.forget()
    deployment = deployed(platform)
    (conflict,) = deployment.stack().plan().conflicts
    assert conflict.kind == kind
    with pytest.raises(NotOurs, match=f"{kind} .*shop.* exists already"):
        deployment.stack().apply()
    deployment.named().destroy()
    assert aws.mutations == []
    assert inventory.take() == before


def put_untold(s3: Any, bucket: str, body: bytes) -> None:
    """Put an object without anyone being told: the server would look for docker."""
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={}
    )
    s3.put_object(Bucket=bucket, Key="theirs.csv", Body=body)


def test_full_bucket_stays(inventory: Any, deployed: Any) -> None:
    """A bucket that holds objects is not removed: it is said why, and what to do."""
    deployment = deployed("lambda-s3-trigger")
    stack = deployment.stack()
    stack.apply()
    name = stack.outputs()["Bucket"]
    s3 = inventory.client("s3")
    put_untold(s3, name, b"1,2")

    plan = deployment.named().destroy()
    (kept,) = [change for change in plan if change.kind == "S3 bucket"]
    assert kept.action == "keep"
    assert f"aws s3 rm --recursive s3://{name}" in kept.detail
    assert [each for each in inventory.take() if "shop" in each] == [f"bucket {name}"]
    assert deployment.named().destroy().is_empty

    deployment.stack().apply()
    assert s3.get_object(Bucket=name, Key="theirs.csv")["Body"].read() == b"1,2"
    s3.delete_object(Bucket=name, Key="theirs.csv")
    deployment.named().destroy()
    assert not [each for each in inventory.take() if "shop" in each]


def test_bucket_of_a_lesser_server(
    aws: Any, deployed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server like S3 that does not tag new buckets is asked to tag them after."""
    monkeypatch.setattr(aws, "tags_new_buckets", False)
    deployment = deployed("lambda-s3-trigger")
    deployment.stack().apply()
    assert deployment.stack().plan().is_empty


def test_notifications_of_others_stay(inventory: Any, deployed: Any) -> None:
    """What else a bucket tells of itself stays, when ours comes and when it goes."""
    deployment = deployed("lambda-s3-trigger")
    stack = deployment.stack()
    stack.apply()
    name = stack.outputs()["Bucket"]
    s3, sqs = inventory.client("s3"), inventory.client("sqs")
    sqs.create_queue(QueueName="theirs")
    found = s3.get_bucket_notification_configuration(Bucket=name)
    put_untold(s3, name, b"")
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:theirs"
    theirs = {"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectRemoved:*"]}
    ours = found["LambdaFunctionConfigurations"]
    s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": ours,
            "QueueConfigurations": [theirs],
        },
    )
    assert deployment.stack().plan().is_empty

    deployment.named().destroy()
    left = s3.get_bucket_notification_configuration(Bucket=name)
    assert "LambdaFunctionConfigurations" not in left
    assert left["QueueConfigurations"] == [theirs]
    deployment.stack().apply()
    again = s3.get_bucket_notification_configuration(Bucket=name)
    assert again["LambdaFunctionConfigurations"] == ours
    assert again["QueueConfigurations"] == [theirs]


def test_other_platform(aws: Any, deployed: Any) -> None:
    """A project that is deployed elsewhere on AWS is told how to have it removed."""
    deployed("lambda").stack().apply()
    aws.forget()
    told = r"deployment to lambda\. .*dotflow destroy --platform lambda"
    with pytest.raises(NotOurs, match=told):
        deployed("lambda-scheduled").stack().apply()
    assert aws.mutations == []


def test_our_api_among_others(inventory: Any, deployed: Any) -> None:
    """An API of the same name that comes later is not taken for ours."""
    deployment = deployed("lambda-api-trigger")
    deployment.stack().apply()
    client = inventory.client("apigatewayv2")
    theirs = client.create_api(Name="shop-api", ProtocolType="HTTP")["ApiId"]
    assert deployment.stack().plan().is_empty
    deployment.named().destroy()
    assert [api["ApiId"] for api in client.get_apis()["Items"]] == [theirs]
