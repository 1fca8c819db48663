"""How code gets to Lambda: in the request, by way of S3, or as an image."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from dotflow_deploy.aws import code as code_module
from dotflow_deploy.aws import packaging
from dotflow_deploy.build import Login
from dotflow_deploy.errors import CloudError

if TYPE_CHECKING:
    from pathlib import Path

TRANSIT = "bucket shop-code-us-east-1-123456789012"


@pytest.fixture
def small_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every zip file go by way of S3, as one of more than 50 MB does."""
    monkeypatch.setattr(code_module.ZipCode.__init__, "__defaults__", (10,))


@pytest.mark.usefixtures("small_requests")
def test_large_zip(aws: Any, inventory: Any, deployed: Any) -> None:
    """A zip file too large for a request goes by way of a bucket that is gone after."""
    deployment = deployed("lambda")
    deployment.stack().apply()
    assert "PutObject" not in aws.operations
    assert any(each.endswith(".zip") for each in aws.mutations)
    assert TRANSIT not in inventory.take()
    assert deployment.stack().plan().is_empty


@pytest.mark.usefixtures("small_requests")
@pytest.mark.parametrize("late", [0, pytest.param(1, marks=pytest.mark.soak)])
def test_large_zip_breaks_off(
    aws: Any, inventory: Any, deployed: Any, fault: Any, mutates: Any, late: int
) -> None:
    """A deployment that broke off with its zip file on the way leaves no bucket."""
    deployment = deployed("lambda")
    deployment.stack().apply()
    expected = inventory.take()
    count = len(aws.mutations)
    for place in range(count):
        # Refused, or done and the answer lost: in turn, and the other way in the soak.
        after = (place + late) % 2 == 1
        deployment.named().destroy()
        with fault(mutates, skip=place, after=after), pytest.raises(CloudError):
            deployment.stack().apply()
        deployment.stack().apply()
        assert inventory.take() == expected


@pytest.mark.usefixtures("small_requests")
def test_destroy_after_break(inventory: Any, deployed: Any, fault: Any) -> None:
    """What was on its way to Lambda goes with the deployment."""
    deployment = deployed("lambda")
    before = inventory.take()
    with (
        fault(lambda o: o.startswith("POST /2015-03-31/functions")),
        pytest.raises(CloudError),
    ):
        deployment.stack().apply()
    assert TRANSIT in inventory.take()
    deployment.named().destroy()
    assert inventory.take() == before


def test_unchanged_is_not_built(deployed: Any) -> None:
    """An unchanged project is not packaged again, unless it is asked for."""
    deployment = deployed("lambda")
    first, second, third = (deployment.builder() for _ in range(3))
    deployment.stack(first).apply()
    deployment.stack(second).apply()
    assert (first.built, second.built) == (1, 0)
    plan = deployment.stack(third, rebuild=True).apply()
    assert third.built == 1
    assert [c.kind for c in plan if c.action == "update"] == ["Lambda function"]


def test_image_instead_of_zip(inventory: Any, deployed: Any) -> None:
    """A function becomes an image and a zip file again, without anything left over."""
    deployment = deployed("lambda-scheduled")
    deployment.stack().apply()
    before = inventory.take()
    image = deployed("lambda-scheduled")
    from dataclasses import replace

    image.options = replace(image.options, builder="docker")
    plan = image.stack().plan()
    (function,) = [c for c in plan if c.kind == "Lambda function"]
    assert [d.name for d in function.differences] == ["package"]
    image.stack().apply()
    found = inventory.client("lambda").get_function(FunctionName="shop")
    assert found["Configuration"]["PackageType"] == "Image"
    assert "@sha256:" in found["Code"]["ImageUri"]
    assert image.stack().plan().is_empty

    deployment.stack().apply()
    assert inventory.take() == before


def test_rebuilt_image(inventory: Any, deployed: Any) -> None:
    """An image that is built anew on request is the one that runs."""
    deployment = deployed("lambda docker")
    deployment.stack().apply()
    builder = deployment.builder()
    builder.salt = "a newer base image"
    plan = deployment.stack(builder, rebuild=True).apply()
    assert builder.built == 1
    updated = {c.kind for c in plan if c.action == "update"}
    assert updated == {"Container image", "Lambda function"}


@pytest.mark.parametrize(
    ("platform", "maker"),
    [
        ("lambda", "lambda_handler"),
        ("lambda-scheduled", "eventbridge_handler"),
        ("lambda-s3-trigger", "s3_handler"),
        ("lambda-sqs-trigger", "sqs_handler"),
        ("lambda-api-trigger", "http_handler"),
        ("step-functions", "task_handler"),
    ],
)
def test_generated_handler(deployed: Any, platform: str, maker: str) -> None:
    """What is deployed has the handler that `dotflow cloud generate` writes."""
    project = deployed(platform).project
    text = packaging.generated(platform, project, print)["handler.py"]
    assert f"import {maker}" in text or f"{maker}(" in text
    assert "from shop.workflow import build" in text
    builder = packaging.FunctionZip(project, lambda: text)
    assert len(builder.digest) == 64
    assert builder.files["handler.py"] == text.encode()


def test_real_zip(
    deployed: Any, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The zip file holds the handler, the project and what it needs, and no secret."""
    sdk = tmp_path / "boto3-1.99-py3-none-any.whl"
    with zipfile.ZipFile(sdk, "w") as wheel:
        info = "boto3-1.99.dist-info"
        name = "Metadata-Version: 2.1\nName: boto3\nVersion: 1.99\n"
        wheel.writestr(f"{info}/METADATA", name)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr(f"{info}/RECORD", f"{info}/METADATA,,\n{info}/WHEEL,,\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{wheels} {tmp_path}")
    # pip takes 0 for "without isolation": what builds the project is here already.
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")
    project = deployed("lambda").project
    text = packaging.generated("lambda", project, print)["handler.py"]
    builder = packaging.FunctionZip(project, lambda: text)
    with zipfile.ZipFile(builder.build(lambda _line: None)) as archive:
        names = archive.namelist()
        assert archive.read("handler.py").decode() == text
    assert {"shop/workflow.py", "dotflow/__init__.py"} <= set(names)
    assert "dotflow_aws/handlers.py" in names
    assert not [name for name in names if ".env" in name or name.startswith("boto")]


def nobody() -> Login:
    """Log in as nobody: nothing is pushed."""
    return Login("registry.example.com", "", "")


def test_image_files(deployed: Any) -> None:
    """The image for Lambda calls the handler, not as root, and pins its versions."""
    project = deployed("lambda").project
    (project.root / "Dockerfile").write_text("FROM scratch\n")
    builder = packaging.FunctionImage(
        project, lambda: "handler = None\n", "registry.example.com/shop", nobody
    )
    text = builder.files["Dockerfile"].decode()
    assert text.startswith("FROM python:3.12.")
    assert text.rstrip().endswith(
        'USER worker\nENTRYPOINT ["python", "-m", "awslambdaric"]\n'
        'CMD ["handler.handler"]'
    )
    assert "awslambdaric==" in text
    assert builder.files["handler.py"] == b"handler = None\n"


def test_state_machine_calls_the_function(inventory: Any, deployed: Any) -> None:
    """Each task is a state that calls the deployed function, its storage a bucket."""
    stack = deployed("step-functions").stack()
    stack.apply()
    arn = stack.outputs()["State machine"]
    client = inventory.client("stepfunctions")
    found = client.describe_state_machine(stateMachineArn=arn)
    states = json.loads(found["definition"])["States"].values()
    calls = [state for state in states if state["Type"] == "Task"]
    assert len(calls) == 3
    function = "arn:aws:lambda:us-east-1:123456789012:function:shop"
    assert found["definition"].count(function) == 3
    assert "${" not in found["definition"]
    settings = inventory.client("lambda").get_function(FunctionName="shop")
    bucket = "shop-results-us-east-1-123456789012"
    variables = settings["Configuration"]["Environment"]["Variables"]
    assert variables["DOTFLOW_STORAGE"] == f"s3://{bucket}/dotflow"
    inventory.client("s3").head_bucket(Bucket=bucket)
