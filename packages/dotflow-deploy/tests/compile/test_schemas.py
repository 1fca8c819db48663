"""What is compiled is valid for the tools of others, and moto runs it to the same end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dotflow_deploy.compile import (
    argo,
    asl,
    github_actions,
    google_workflows,
    to_json,
    to_yaml,
)

ROLE = "arn:aws:iam::123456789012:role/machine"
DIAMOND = [
    {"depends_on": [], "failures": 0, "retry": 1, "final": False},
    {"depends_on": [0], "failures": 1, "retry": 3, "final": False},
    {"depends_on": [0], "failures": 0, "retry": 2, "final": False},
    {"depends_on": [1, 2], "failures": 0, "retry": 1, "final": False},
]
BROKEN = [
    {"depends_on": [], "failures": 0, "retry": 1, "final": False},
    {"depends_on": [0], "failures": 99, "retry": 2, "final": False},
    {"depends_on": [0], "failures": 99, "retry": 3, "final": True},
    {"depends_on": [0], "failures": 0, "retry": 1, "final": False},
    {"depends_on": [1, 3], "failures": 0, "retry": 1, "final": False},
    {"depends_on": [3], "failures": 0, "retry": 1, "final": False},
]
CHAINS = [
    {"depends_on": None, "failures": 99, "retry": 1, "final": False},
    {"depends_on": None, "failures": 0, "retry": 1, "final": False},
]


@pytest.fixture
def moto_states(monkeypatch):
    """Give a client of Step Functions that runs machines, and the way to a function."""
    boto3 = pytest.importorskip("boto3")
    moto = pytest.importorskip("moto")
    pytest.importorskip("antlr4")
    # From moto, since what it needs to run machines is an extra of its own.
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import (
        lambda_eval_utils,
    )

    functions = []

    def invoke(parameters, region, state_credentials):
        try:
            answer = functions[0](None, json.loads(parameters["Payload"]), None)
        except Exception as error:
            payload = {"errorType": error.name, "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": payload}
        return {"Payload": answer, "StatusCode": 200}

    monkeypatch.setattr(lambda_eval_utils, "_invoke_lambda_function", invoke)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield boto3.client("stepfunctions", region_name="us-east-1"), functions


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("tasks", "keep_going"),
    [
        (DIAMOND, False),
        (DIAMOND, True),
        (BROKEN, True),
        (BROKEN, False),
        (CHAINS, True),
    ],
    ids=["diamond", "diamond, kept going", "broken, kept going", "broken", "chains"],
)
# A branch of moto's engine may end just after the machine was stopped, and fails at that.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_moto_runs_the_machine_to_the_same_end(
    tasks, keep_going, model, moto_states, asl_engine
):
    """An interpreter that is not ours comes to the results and attempts of `start`."""
    client, functions = moto_states
    here, there = model(tasks), model(tasks)
    completed = here.start(keep_going=keep_going)
    functions.append(there.invoke(asl_engine))
    definition = asl(there.build(), "runner", keep_going=keep_going)
    arn = client.create_state_machine(
        name="machine", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=arn, name="run-1", input="{}")
    status = "RUNNING"
    while status == "RUNNING":
        time.sleep(0.05)
        told = client.describe_execution(executionArn=execution["executionArn"])
        status = told["status"]
    assert status == ("SUCCEEDED" if completed else "FAILED"), told
    if completed or keep_going:
        assert there.values() == here.values()
        assert there.attempts == here.attempts


@pytest.mark.parametrize("keep_going", [False, True])
def test_machine_passes_cfn_lint(keep_going, model, tmp_path):
    """CloudFormation's linter finds nothing to say about the definition."""
    pytest.importorskip("cfnlint")
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": ROLE,
                    "DefinitionString": json.dumps(
                        asl(model(BROKEN).build(), keep_going=keep_going)
                    ),
                    "DefinitionSubstitutions": {"TaskFunctionArn": "runner"},
                },
            }
        },
    }
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    program = Path(sys.executable).with_name("cfn-lint")
    command = [program, "--regions", "us-east-1", "--", path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("keep_going", [False, True])
def test_workflow_file_passes_the_schema_of_github(keep_going, model, tmp_path):
    """GitHub's own schema of workflow files has nothing against ours."""
    pytest.importorskip("check_jsonschema")
    made = github_actions(
        model(BROKEN).build(),
        name="shop",
        workflow="shop.workflow:build",
        secrets=["TOKEN"],
        schedule="0 6 * * *",
        keep_going=keep_going,
    )
    path = tmp_path / "dotflow.yml"
    path.write_text(to_yaml(made), encoding="utf-8")
    schema = ["--builtin-schema", "vendor.github-workflows"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("keep_going", [False, True])
def test_manifest_is_one_of_argo(keep_going, model):
    """The models of Argo's API take every field of the manifest for what it is."""
    models = pytest.importorskip("hera.workflows.models")
    made = argo(
        model(BROKEN).build(),
        name="shop",
        workflow="shop.workflow:build",
        image="shop:1",
        volume="results",
        keep_going=keep_going,
    )
    read = models.Workflow.model_validate(made)
    told = read.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert told == made


def test_texts_read_back_as_what_was_compiled(model):
    """The files hold all of a definition, whatever the names of tasks are."""
    yaml = pytest.importorskip("yaml")
    flow = model(DIAMOND).build()
    for place, name in enumerate(["on", "a: b # c", "{{x}} '\"\\", "ü\n| x\t"]):
        flow.task.queue[place].name = name
        flow.task.queue[place].depends_on = None
    machine, steps = asl(flow), google_workflows(flow)
    made = github_actions(flow, name="shop", workflow="m:f")
    assert json.loads(to_json(machine)) == machine
    assert yaml.safe_load(to_yaml(steps)) == steps
    assert yaml.safe_load(to_yaml(made)) == made
    assert "&id" not in to_yaml(made)
