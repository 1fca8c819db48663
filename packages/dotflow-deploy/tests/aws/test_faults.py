"""Deployments that break off at every request that changes something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dotflow_deploy.errors import BuildError, CloudError

# The others make a part of what these make.
every_platform = pytest.mark.parametrize(
    "deployment",
    [
        "lambda docker",
        "lambda-api-trigger",
        "ecs-scheduled",
        "step-functions scheduled",
        # All but the trigger is as in those above.
        pytest.param("lambda-scheduled", marks=pytest.mark.soak),
        pytest.param("lambda-s3-trigger", marks=pytest.mark.soak),
        pytest.param("lambda-sqs-trigger", marks=pytest.mark.soak),
    ],
    indirect=True,
)
MOST = 80
"""More runs than any deployment has requests: a test that reaches it goes in circles."""


def run_through(run: Callable[[], Any], fault: Any, matches: Any) -> int:
    """Run until nothing fails, each request refused once before and once after it is done.

    Each run is a new one that knows nothing of those before. So for every n there is
    one that begins where the n-th request was the last.

    Returns:
        How many requests were carried out.
    """
    for count in range(MOST):
        with fault(matches) as before:
            if before.struck == 0 and _passes(run):
                return count
            assert before.struck == 1
        with fault(matches, after=True) as after:
            assert not _passes(run)
            assert after.struck == 1
    raise AssertionError("it does not come to an end")


def _passes(run: Callable[[], Any]) -> bool:
    try:
        run()
    except (BuildError, CloudError) as error:
        told = str(error)
    else:
        return True
    assert "there is a fault" in told
    return False


@every_platform
@pytest.mark.sampled(2)
def test_deploy_goes_on(
    aws: Any, inventory: Any, deployment: Any, fault: Any, mutates: Any
) -> None:
    """A deployment that breaks off anywhere comes to the same end by running it again."""
    deployment.stack().apply()
    expected = inventory.take()
    count = len(aws.mutations)
    deployment.named().destroy()

    made = run_through(lambda: deployment.stack().apply(), fault, mutates)
    assert made == count
    assert inventory.take() == expected
    assert deployment.stack().plan().is_empty


@every_platform
@pytest.mark.sampled(2)
def test_update_goes_on(
    aws: Any, inventory: Any, deployment: Any, fault: Any, mutates: Any
) -> None:
    """A change that breaks off anywhere is completed by running it once more."""
    deployment.stack().apply()
    steps = deployment.root / "shop" / "steps.py"
    text = steps.read_text()
    for place in range(MOST):
        steps.write_text(f"{text}\n# changed: {place}\n")
        deployment.env = {"STAGE": f"test{place}"}
        memory = 1024 * (1 + place % 2)
        # By turns refused, and done but not answered.
        with fault(mutates, skip=place, after=place % 2 == 1):
            if _passes(deployment.stack(memory=memory, timeout=120).apply):
                break
        deployment.stack(memory=memory, timeout=120).apply()
        assert deployment.stack(memory=memory, timeout=120).plan().is_empty
    assert place >= 2
    changed = inventory.take()
    deployment.named().destroy()
    deployment.stack(memory=memory, timeout=120).apply()
    assert _without_images(inventory.take()) == _without_images(changed)


@every_platform
@pytest.mark.sampled(2)
def test_destroy_goes_on(
    aws: Any, inventory: Any, deployment: Any, fault: Any, mutates: Any
) -> None:
    """A removal that breaks off anywhere is completed by running it again."""
    before = inventory.take()
    deployment.stack().apply()
    assert run_through(lambda: deployment.named().destroy(), fault, mutates) >= 3
    assert inventory.take() == before


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.sampled(5)
def test_one_fault(
    aws: Any,
    inventory: Any,
    deployed: Any,
    fault: Any,
    mutates: Any,
    place: int,
    after: bool,
) -> None:
    """After one failure in the middle, one more run is all it takes."""
    deployment = deployed("lambda")
    with fault(mutates, skip=place, after=after), pytest.raises(CloudError):
        deployment.stack().apply()
    deployment.stack().apply()
    made = inventory.take()
    deployment.named().destroy()
    deployment.stack().apply()
    assert inventory.take() == made


def _without_images(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out which images are kept: those of before are, and that is no difference."""
    return {
        name: {k: v for k, v in what.items() if k != "images"}
        if name.startswith("repository")
        else what
        for name, what in found.items()
    }
