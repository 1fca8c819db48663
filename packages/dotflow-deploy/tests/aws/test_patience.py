"""What AWS does not know yet, or has under way, is waited for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from dotflow_deploy.errors import CloudError

CASES = [
    ("lambda", "POST /2015-03-31/functions", "InvalidParameterValueException"),
    (
        "lambda-sqs-trigger",
        "POST /2015-03-31/event-source-mappings",
        "InvalidParameterValueException",
    ),
    ("lambda-sqs-trigger", "CreateQueue", "QueueDeletedRecently"),
    ("lambda-scheduled", "PutRule", "ConcurrentModificationException"),
    ("lambda-s3-trigger", "?notification", "InvalidArgument"),
    ("step-functions", "CreateStateMachine", "StateMachineDeleting"),
    ("step-functions", "CreateStateMachine", "AccessDeniedException"),
    ("ecs", "CreateCluster", "InvalidParameterException"),
    ("ecs-scheduled", "PutTargets", "ValidationException"),
]


@pytest.fixture
def struck(fault: Any, mutates: Any, operation: str) -> Callable[..., Any]:
    """Return what makes the operation fail for as often as a test says."""

    def matches(asked: str) -> bool:
        return operation in asked and mutates(asked)

    return partial(fault, matches)


@pytest.mark.parametrize(("platform", "operation", "code"), CASES)
def test_waits(
    deployed: Any, struck: Any, clock: Any, platform: str, code: str
) -> None:
    """An answer that passes by itself is waited for, ever a little longer."""
    with struck(code=code, times=3) as passing:
        deployed(platform).stack().apply()
    assert passing.struck == 3
    assert clock.waits[:3] == [0.25, 0.5, 1.0]


@pytest.mark.parametrize(("platform", "operation", "code"), CASES)
def test_not_for_ever(
    deployed: Any, struck: Any, clock: Any, platform: str, code: str
) -> None:
    """An answer that does not pass is told after a minute and a half at most."""
    lasting = struck(code=code, message="still not", times=999)
    with lasting, pytest.raises(CloudError, match="still not"):
        deployed(platform).stack().apply()
    assert 10 < clock.now <= 90


def test_wrong_is_not_waited_for(
    aws: Any, deployed: Any, fault: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused for good is told at once, where no role is new."""
    deployment = deployed("lambda")
    deployment.stack().apply()
    monkeypatch.setattr("dotflow_deploy.aws.role._YOUNG", -_day())
    code = "InvalidParameterValueException"

    def matches(asked: str) -> bool:
        return asked.endswith("/configuration")

    with fault(matches, code=code), pytest.raises(CloudError):
        deployment.stack(memory=1024).apply()
    assert clock.waits == []


def _day() -> Any:
    from datetime import timedelta

    return timedelta(days=1)
