"""A workflow as a state machine of AWS Step Functions, in the Amazon States Language.

One task state a task, each a call of one Lambda function (`dotflow_aws.handlers.
task_handler`) that gets the task's name and the name of the execution, which is the id
of the run. Results pass through the workflow's storage, so no state's output is ever
near the 256 KB that Step Functions takes.

Concurrency: see `blocks`. Retry: `MaxAttempts`, `IntervalSeconds` in whole seconds, 1 at
least, `BackoffRate` 2 or 1, `MaxDelaySeconds`. A jitter of 1 is `FULL`, less is none.

Failure: where a task names what it waits for and `keep_going` is off, the first failure
ends the execution. Calls that run then still end, and keep their results, but are not
tried again. Else a failed task is caught, what may still run does, and the execution
fails at its end.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.compile.blocks import Series, as_blocks, in_series
from dotflow_deploy.compile.refusals import NotCompilable, check_size
from dotflow_deploy.compile.steps import SEQUENTIAL, Plan, Step
from dotflow_deploy.compile.storage import plan_for

if TYPE_CHECKING:
    from dotflow import DotFlow
    from dotflow_deploy.compile.blocks import Block, Parallel

    States = dict[str, dict[str, Any]]

TARGET: Final = "Step Functions"
FUNCTION: Final = "${TaskFunctionArn}"
"""What stands for the function's ARN, for `DefinitionSubstitutions` of CloudFormation."""

FOR_GOOD: Final = "TaskFailedForGood"
"""What the function raises where no further attempt can help."""

SIZE: Final = 1024 * 1024
EVENTS: Final = 25_000
LAMBDA_SECONDS: Final = 900
# Of which a cold start takes some.
MARGIN: Final = 60
_EVENTS_OF_A_TASK: Final = 5
_EVENTS_OF_A_PARALLEL: Final = 4
# What AWS recommends to try again: the function has not run then.
_SERVICE_ERRORS: Final = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)


def asl(
    flow: DotFlow,
    function: str = FUNCTION,
    *,
    mode: str = SEQUENTIAL,
    keep_going: bool = False,
) -> dict[str, Any]:
    """Return the definition of a state machine that runs a workflow.

    Args:
        flow: The workflow; none of its tasks is run.
        function: ARN or name of the Lambda function that runs one task.
        mode: As in `DotFlow.start`: what follows what where no task says so.
        keep_going: As in `DotFlow.start`.

    Returns:
        What `json.dumps` makes the definition of.

    Raises:
        NotCompilable: It is too large, a timeout is too long, or its storage is local.
        DotflowError: The tasks form no graph.
    """
    plan = plan_for(flow, TARGET, mode=mode, keep_going=keep_going)
    return state_machine(plan, function)


def state_machine(plan: Plan, function: str = FUNCTION) -> dict[str, Any]:
    """Return the definition of a state machine that runs a plan.

    Args:
        plan: The plan.
        function: ARN or name of the Lambda function that runs one task.

    Raises:
        NotCompilable: It is too large, or a timeout is too long.
    """
    for step in plan.steps:
        if step.timeout > LAMBDA_SECONDS - MARGIN:
            raise NotCompilable(
                TARGET,
                f"task {step.name!r} may take {step.timeout:g} s, and Lambda ends a"
                f" function after {LAMBDA_SECONDS} s, of which its start takes some:"
                f" set its timeout to {LAMBDA_SECONDS - MARGIN} s or less, or split it.",
            )
    definition = _Machine(plan, function).definition()
    check_size(TARGET, len(json.dumps(definition)), SIZE, "its definition in bytes")
    check_size(TARGET, _events(definition), EVENTS, "the history of one execution")
    return definition


class _Machine:
    """Makes states of a plan.

    Where failures are caught, the data that the states pass on is whether there was one.
    """

    def __init__(self, plan: Plan, function: str) -> None:
        self._plan = plan
        self._function = function
        self._block = as_blocks(plan.steps)
        self._parallels = 0
        one_chain = isinstance(self._block, (Step, Series)) and all(
            isinstance(block, Step) for block in in_series(self._block)
        )
        self._catches = plan.keep_going or not (plan.explicit or one_chain)

    def definition(self) -> dict[str, Any]:
        states: States = {}
        if not self._catches:
            start = self._series(self._block, states, None)
        else:
            inner = self._series(self._block, states, "Outcome")
            states |= _frame(inner)
            start = "Begin"
        return {
            "Comment": "A workflow of dotflow. Generated: change the workflow instead.",
            "StartAt": start,
            "States": states,
        }

    def _series(self, block: Block, states: States, then: str | None) -> str:
        """Add the states of a block, and return the one that it starts at.

        Args:
            block: The block.
            states: Where they are added.
            then: The state that follows; None: it ends there.
        """
        blocks = in_series(block)
        names = [self._name(one) for one in blocks]
        for one, name, after in zip(blocks, names, [*names[1:], then], strict=True):
            if isinstance(one, Step):
                self._task(one, states, after)
            else:
                states[name] = self._parallel(one, after)
        return names[0]

    def _name(self, block: Block) -> str:
        if isinstance(block, Step):
            return block.id
        self._parallels += 1
        return f"Parallel {self._parallels}"

    def _task(self, step: Step, states: States, then: str | None) -> None:
        payload: dict[str, Any] = {
            "task": step.name,
            "run.$": "$$.Execution.Name",
            "input.$": "$$.Execution.Input",
            **self._plan.options(),
        }
        state: dict[str, Any] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": self._function, "Payload": payload},
            "ResultPath": None,
            "TimeoutSeconds": step.limit(MARGIN) or LAMBDA_SECONDS + MARGIN,
            "Retry": _retriers(step),
            **_next(then),
        }
        states[step.id] = state
        if self._catches:
            failed = f"{step.id} failed"
            caught = {
                "ErrorEquals": ["States.ALL"],
                "ResultPath": None,
                "Next": failed,
            }
            state["Catch"] = [caught]
            # Without `keep_going` what follows in this chain is not run.
            after = then if self._plan.keep_going or then == "Outcome" else None
            states[failed] = {
                "Type": "Pass",
                "Result": {"failed": True},
                **_next(after),
            }

    def _parallel(self, block: Series | Parallel, then: str | None) -> dict[str, Any]:
        branches = []
        for part in block.blocks:
            inside: States = {}
            start = self._series(part, inside, None)
            branches.append({"StartAt": start, "States": inside})
        state: dict[str, Any] = {"Type": "Parallel", "Branches": branches}
        if self._catches:
            state["ResultSelector"] = {
                "failed.$": "States.ArrayContains($[*].failed, true)"
            }
        else:
            state["ResultPath"] = None
        return {**state, **_next(then)}


def _next(then: str | None) -> dict[str, Any]:
    return {"End": True} if then is None else {"Next": then}


def _frame(start: str) -> States:
    return {
        "Begin": {"Type": "Pass", "Result": {"failed": False}, "Next": start},
        "Outcome": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.failed", "BooleanEquals": True, "Next": "Failed"}
            ],
            "Default": "Completed",
        },
        "Failed": {
            "Type": "Fail",
            "Error": "WorkflowFailed",
            "Cause": "A task has failed: the history of this execution tells which.",
        },
        "Completed": {"Type": "Succeed"},
    }


def _retriers(step: Step) -> list[dict[str, Any]]:
    service = {
        "ErrorEquals": list(_SERVICE_ERRORS),
        "IntervalSeconds": 2,
        "MaxAttempts": 5,
        "BackoffRate": 2.0,
    }
    if step.attempts == 1:
        return [service]
    again: dict[str, Any] = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": step.whole_delay(),
        "MaxAttempts": step.attempts - 1,
        "BackoffRate": 2.0 if step.backoff else 1.0,
    }
    if step.backoff and step.max_delay is not None:
        longest = max(1, round(step.max_delay))
        if longest > again["IntervalSeconds"]:
            again["MaxDelaySeconds"] = longest
        else:
            again["BackoffRate"] = 1.0  # the first delay is the longest already
    if step.jitter == 1:
        again["JitterStrategy"] = "FULL"
    return [{"ErrorEquals": [FOR_GOOD], "MaxAttempts": 0}, service, again]


def _events(machine: dict[str, Any]) -> int:
    """Return how many events an execution has if nothing is tried twice."""
    count = 0
    for state in machine["States"].values():
        if state["Type"] == "Task":
            count += _EVENTS_OF_A_TASK
        elif state["Type"] == "Parallel":
            count += _EVENTS_OF_A_PARALLEL
            count += sum(_events(branch) for branch in state["Branches"])
    return count
