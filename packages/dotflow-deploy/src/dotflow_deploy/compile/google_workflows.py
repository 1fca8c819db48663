"""A workflow as a definition for Google Cloud Workflows.

One step a task, each an HTTP request to a service (on Cloud Run, say) that runs one task:
`dotflow.serving.task_app`. The body is `{"task", "run", "input"}`; the run is the id of
the execution. Results pass through the workflow's storage.

Concurrency: see `blocks`; Workflows takes 10 branches and two parallel steps within each
other, so that what is wider or deeper runs one after the other in part. Retry:
`max_retries` and `backoff`, in whole seconds, 1 at least, without jitter.

Failure: what follows a failed task does not run, and the execution fails. Branches that
run beside it go on to their ends, for Workflows has no other policy.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.compile.blocks import Parallel, as_blocks, in_series
from dotflow_deploy.compile.refusals import NotCompilable, check_size
from dotflow_deploy.compile.steps import SEQUENTIAL, Plan, Step
from dotflow_deploy.compile.storage import plan_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow import DotFlow
    from dotflow_deploy.compile.blocks import Block

    Steps = list[dict[str, Any]]

TARGET: Final = "Google Workflows"
URL_VARIABLE: Final = "DOTFLOW_TASK_URL"
"""Variable of the workflow's environment that has the address of the service."""

SIZE: Final = 128 * 1024
BRANCHES: Final = 10
DEPTH: Final = 2
REQUEST_SECONDS: Final = 1800
# The service may have no instance when a request comes.
MARGIN: Final = 60


def google_workflows(
    flow: DotFlow,
    url: str | None = None,
    *,
    mode: str = SEQUENTIAL,
    keep_going: bool = False,
) -> dict[str, Any]:
    """Return a definition that runs a workflow.

    Args:
        flow: The workflow; none of its tasks is run.
        url: Address of the service that runs one task. None: that in the variable
            `DOTFLOW_TASK_URL` of the workflow's environment.
        mode: As in `DotFlow.start`: what follows what where no task says so.
        keep_going: As in `DotFlow.start`.

    Returns:
        What YAML or JSON makes the definition of.

    Raises:
        NotCompilable: It is too large, a timeout is too long, or its storage is local.
        DotflowError: The tasks form no graph.
    """
    return definition(plan_for(flow, TARGET, mode=mode, keep_going=keep_going), url)


def definition(plan: Plan, url: str | None = None) -> dict[str, Any]:
    """Return a definition that runs a plan.

    Args:
        plan: The plan.
        url: As of `google_workflows`.

    Raises:
        NotCompilable: It is too large, or a timeout is too long.
    """
    for step in plan.steps:
        if step.limit(MARGIN) > REQUEST_SECONDS:
            raise NotCompilable(
                TARGET,
                f"task {step.name!r} may take {step.timeout:g} s, and a request"
                f" {REQUEST_SECONDS} s at most, of which the start of the service takes"
                f" some: set its timeout to {REQUEST_SECONDS - MARGIN} s or less.",
            )
    made = _Definition(plan).made(url)
    check_size(TARGET, len(json.dumps(made)), SIZE, "its definition in bytes")
    return made


class _Definition:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._parallels = 0
        self._block = as_blocks(plan.steps, DEPTH)
        # Chains that do not know of each other run on when one of them fails.
        self._chains = isinstance(self._block, Parallel) and not (
            plan.explicit or plan.keep_going
        )
        self._catches = plan.keep_going or self._chains

    def made(self, url: str | None) -> dict[str, Any]:
        first: list[dict[str, Any]] = [
            {"url": url if url is not None else f'${{sys.get_env("{URL_VARIABLE}")}}'},
            {"run": '${sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}'},
        ]
        if self._catches:
            first.append({"failed": False})
        steps: Steps = [{"begin": {"assign": first}}]
        steps += self._series(self._block)
        if self._catches:
            steps.append({"outcome": _outcome()})
        steps.append({"completed": {"return": {"run": "${run}"}}})
        return {
            "main": {"params": ["input"], "steps": steps},
            "again": {"params": ["e"], "steps": _again()},
        }

    def _series(self, block: Block) -> Steps:
        blocks = in_series(block)
        steps = [self._one(one) for one in blocks]
        if self._chains and not any(isinstance(one, Parallel) for one in blocks):
            return [self._caught(f"chain_{next(iter(steps[0]))}", steps)]
        return steps

    def _one(self, block: Block) -> dict[str, Any]:
        if isinstance(block, Step):
            name = f"step_{block.id.replace('-', '_')}"
            call = self._call(block)
            return (
                self._caught(name, None, call)
                if self._plan.keep_going
                else {name: call}
            )
        self._parallels += 1
        name = f"parallel_{self._parallels}"
        branches = [
            {f"{name}_branch_{number}": {"steps": steps}}
            for number, steps in enumerate(self._branches(block.blocks), 1)
        ]
        parallel: dict[str, Any] = {"branches": branches}
        if self._catches:
            parallel = {"shared": ["failed"], **parallel}
        return {name: {"parallel": parallel}}

    def _branches(self, blocks: Sequence[Block]) -> list[Steps]:
        """Deal blocks out to as many branches as there may be."""
        count = min(len(blocks), BRANCHES)
        dealt: list[Steps] = [[] for _ in range(count)]
        for place, block in enumerate(blocks):
            dealt[place % count] += self._series(block)
        return dealt

    def _caught(
        self, name: str, steps: Steps | None, call: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return a step that notes a failure, and lets the execution go on."""
        noted = {"assign": [{"failed": True}]}
        caught = {"as": "e", "steps": [{f"failed_{name}": noted}]}
        if call is not None:
            return {name: {**call, "except": caught}}
        return {name: {"try": {"steps": steps}, "except": caught}}

    def _call(self, step: Step) -> dict[str, Any]:
        body: dict[str, Any] = {
            "task": _text(step.name),
            "run": "${run}",
            "input": "${input}",
            **self._plan.options(),
        }
        call = {
            "call": "http.post",
            "args": {
                "url": "${url}",
                "timeout": step.limit(MARGIN) or REQUEST_SECONDS,
                "auth": {"type": "OIDC"},
                "body": body,
            },
        }
        if step.attempts == 1:
            return {"try": call} if self._plan.keep_going else call
        return {"try": call, "retry": _retry(step)}


def _retry(step: Step) -> dict[str, Any]:
    first = step.whole_delay()
    return {
        "predicate": "${again}",
        "max_retries": step.attempts - 1,
        "backoff": {
            "initial_delay": first,
            "max_delay": max(first, round(step.longest_delay())),
            "multiplier": 2 if step.backoff else 1,
        },
    }


def _again() -> Steps:
    """Return whether another attempt can help: not where the service says no."""
    return [
        {
            "judge": {
                "switch": [
                    {"condition": '${not("code" in e)}', "return": True},
                    {"condition": "${e.code == 429}", "return": True},
                    {"condition": "${e.code >= 500}", "return": True},
                ]
            }
        },
        {"no": {"return": False}},
    ]


def _outcome() -> dict[str, Any]:
    failed = "A task has failed: the steps of this execution tell which."
    return {
        "switch": [
            {
                "condition": "${failed}",
                "steps": [{"fail": {"raise": failed}}],
            }
        ]
    }


def _text(name: str) -> str:
    """Return a name as Workflows takes it for a text, whatever is in it."""
    if "${" not in name:
        return name
    quoted = json.dumps(name, ensure_ascii=False).replace("${", '$" + "{')
    return f"${{{quoted}}}"
