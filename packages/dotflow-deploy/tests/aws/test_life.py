"""A deployment on AWS from its plan to its removal, over HTTP, on every platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dotflow_deploy.stack import Plan


def told(plan: Plan) -> str:
    """Return everything that a plan shows."""
    return " ".join(f"{c.kind} {c.name} {c.detail} {c.differences}" for c in plan)


def changed(plan: Plan) -> set[str]:
    """Return the kinds of what a plan changes."""
    return {change.kind for change in plan if change.action != "keep"}


@pytest.mark.sampled(4)
def test_life(aws: Any, inventory: Any, deployment: Any, secret: str) -> None:
    """Applying makes what is planned, again nothing, and destroying leaves nothing."""
    before = inventory.take()
    plan = deployment.stack().plan()
    assert {change.action for change in plan} == {"create"}
    assert aws.mutations == []
    assert secret not in told(plan)

    stack = deployment.stack()
    done = stack.apply()
    assert [c.kind for c in done] == [c.kind for c in plan]
    assert all(stack.outputs().values())
    assert secret not in str(stack.outputs())
    after = inventory.take()
    assert after != before

    aws.forget()
    again = deployment.stack()
    assert deployment.stack().plan().is_empty
    assert again.apply().is_empty
    assert aws.mutations == []
    assert inventory.take() == after

    deployment.named().destroy()
    assert inventory.take() == before
    aws.forget()
    assert deployment.named().destroy_plan().is_empty
    assert deployment.named().destroy().is_empty
    assert aws.mutations == []


@pytest.mark.sampled(4)
def test_neighbours_stay(aws: Any, inventory: Any, deployment: Any) -> None:
    """What others have in the account stays as it is, whatever is deployed beside it."""
    make_neighbours(inventory)
    before = inventory.take()
    deployment.stack().apply()
    deployment.named().destroy()
    assert inventory.take() == before


def make_neighbours(inventory: Any) -> None:
    """Make something of each kind that is nobody's."""
    logs, sqs, s3 = map(inventory.client, ("logs", "sqs", "s3"))
    inventory.client("iam").create_role(
        RoleName="other", AssumeRolePolicyDocument='{"Version": "2012-10-17"}'
    )
    logs.create_log_group(logGroupName="/aws/lambda/shop-2")
    sqs.create_queue(QueueName="shop-queue-2")
    s3.create_bucket(Bucket="shop-source")
    s3.put_object(Bucket="shop-source", Key="theirs", Body=b"")
    inventory.client("events").put_rule(Name="shop-2", ScheduleExpression="rate(1 day)")
    inventory.client("apigatewayv2").create_api(Name="other", ProtocolType="HTTP")
    inventory.client("ecr").create_repository(repositoryName="shop-2")
    inventory.client("ecs").create_cluster(clusterName="shop-2")
    inventory.client("ecs").register_task_definition(
        family="shop-2",
        containerDefinitions=[{"name": "x", "image": "x", "memory": 64}],
    )


def edit(deployment: Any) -> None:
    """Change the project's code."""
    steps = deployment.root / "shop" / "steps.py"
    steps.write_text(steps.read_text() + "\n# changed\n")


CODE = {
    "lambda": {"Lambda function"},
    "lambda-scheduled": {"Lambda function"},
    "lambda-s3-trigger": {"Lambda function"},
    "lambda-sqs-trigger": {"Lambda function"},
    "lambda-api-trigger": {"Lambda function"},
    "step-functions": {"Lambda function"},
    "ecs": {"Container image", "ECS task definition"},
    "ecs-scheduled": {"Container image", "ECS task definition"},
}


@pytest.mark.sampled(4)
def test_changed_code(aws: Any, inventory: Any, deployment: Any) -> None:
    """After an edit only the code is deployed, once."""
    deployment.stack().apply()
    edit(deployment)
    expected = CODE[deployment.platform]
    if deployment.options.builder == "docker":
        expected = expected | {"Container image"}
    assert changed(deployment.stack().plan()) == expected
    assert changed(deployment.stack().apply()) == expected
    assert deployment.stack().plan().is_empty


@pytest.mark.sampled(4)
def test_changed_settings(
    aws: Any, inventory: Any, deployment: Any, secret: str
) -> None:
    """Settings change what runs and nothing else, and no variable's value is told."""
    deployment.stack().apply()
    deployment.env = {"STAGE": "test", "NEW": secret}
    more = {"memory": 1024, "timeout": 60}
    plan = deployment.stack(**more).plan()
    runs = {"ECS task definition", "Lambda function"}
    queue = {"SQS queue"} if "sqs" in deployment.platform else set()
    assert changed(plan) - queue <= runs
    text = told(plan)
    for name in ("STAGE", "TOKEN", "NEW"):
        assert f"env {name}" in text
    assert "(changed)" in text
    assert secret not in text
    assert "prod" not in text
    aws.forget()
    deployment.stack(**more).apply()
    reading = {"UpdateFunctionConfiguration", "SetQueueAttributes"}
    reading |= {"RegisterTaskDefinition", "DeregisterTaskDefinition"}
    for operation in aws.mutations:
        assert operation in reading or operation.endswith("/configuration")
    assert deployment.stack(**more).plan().is_empty


@pytest.mark.parametrize(
    "platform", ["lambda-scheduled", "ecs-scheduled", "step-functions scheduled"]
)
def test_changed_schedule(aws: Any, deployed: Any, platform: str) -> None:
    """A new schedule changes the schedule alone."""
    deployment = deployed(platform)
    deployment.stack().apply()
    aws.forget()
    plan = deployment.stack(schedule="30 7 * * *").apply()
    assert changed(plan) == {"Schedule"}
    (difference,) = [d for change in plan for d in change.differences]
    assert difference.found == "cron(0 6 ? * MON-FRI *)"
    assert difference.wanted == "cron(30 7 * * ? *)"
    assert aws.mutations == ["PutRule"]


def test_schedule_taken_away(aws: Any, inventory: Any, deployed: Any) -> None:
    """A state machine that is deployed without its schedule loses it, and no more."""
    deployment = deployed("step-functions")
    deployment.stack().apply()
    before = inventory.take()
    deployment.stack(schedule="0 6 * * *").apply()
    assert inventory.take() != before
    plan = deployment.stack().plan()
    removed = {change.kind for change in plan if change.action == "delete"}
    assert removed == {"IAM role", "Schedule", "Schedule target"}
    deployment.stack().apply()
    assert inventory.take() == before
