"""A workflow as a manifest for Argo Workflows.

One task of a DAG a task, each a container of the project's image that runs
`dotflow start --task …`; the uid of the Argo workflow is the id of the run. Results pass
through the workflow's storage. Concurrency and dependencies are exactly the graph's.

Retry: `retryStrategy` with the delays to the millisecond, without jitter; a task whose
`retry_on` does not name what was raised is not tried again. `max_delay` becomes `cap`,
which Argo 3.6 and older do not know. The deadline of a pod allows for the start of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.compile.refusals import NotCompilable, check_size
from dotflow_deploy.compile.steps import SEQUENTIAL, Plan, Step
from dotflow_deploy.compile.storage import plan_for

if TYPE_CHECKING:
    from dotflow import DotFlow

TARGET: Final = "Argo Workflows"
SIZE: Final = 1024 * 1024
"""Bytes of a manifest: Kubernetes keeps no larger object."""

# An image may have to be pulled first.
MARGIN: Final = 300
_MOUNT: Final = "/var/lib/dotflow"


def argo(
    flow: DotFlow,
    *,
    name: str,
    workflow: str,
    image: str,
    mode: str = SEQUENTIAL,
    keep_going: bool = False,
    volume: str | None = None,
    memory: int = 512,
) -> dict[str, Any]:
    """Return the manifest of an Argo workflow.

    Args:
        flow: The workflow; none of its tasks is run.
        name: Name of the project, in kebab case.
        workflow: What `dotflow start --workflow` takes: `"shop.workflow:build"`.
        image: The project's image.
        mode: As in `DotFlow.start`: what follows what where no task says so.
        keep_going: As in `DotFlow.start`.
        volume: Name of a PersistentVolumeClaim that all pods can write at once; it is
            mounted at `/var/lib/dotflow`. With it a storage of files will do.
        memory: Memory of a step, in megabytes (MiB).

    Returns:
        What YAML makes the manifest of; for `kubectl create`.

    Raises:
        NotCompilable: It is too large, a name has `{{`, or its storage is local.
        DotflowError: The tasks form no graph.
    """
    shared = volume is not None
    plan = plan_for(flow, TARGET, mode=mode, keep_going=keep_going, shared_disk=shared)
    return manifest(plan, Pods(name, workflow, image, volume, memory))


@dataclass(frozen=True)
class Pods:
    """What the steps run in: the arguments of `argo` that have these names."""

    name: str
    workflow: str
    image: str
    volume: str | None = None
    memory: int = 512


def manifest(plan: Plan, pods: Pods) -> dict[str, Any]:
    """Return the manifest of an Argo workflow that runs a plan.

    Args:
        plan: The plan.
        pods: What its steps run in.

    Raises:
        NotCompilable: It is too large, or a name has `{{`.
    """
    templates: dict[str, dict[str, Any]] = {}
    tasks = []
    for step in plan.steps:
        template = _template(step)
        key = json.dumps(template, sort_keys=True)
        made = templates.setdefault(key, {"name": f"task-{len(templates) + 1}"})
        made |= template
        tasks.append(_task(step, plan, made["name"]))
    for made in templates.values():
        made["container"] = _container(plan, pods)
    volumes: list[dict[str, Any]] = [{"name": "tmp", "emptyDir": {}}]
    if pods.volume is not None:
        claim = {"claimName": pods.volume}
        volumes.append({"name": "results", "persistentVolumeClaim": claim})
    # The first failure ends what has not begun, unless chains do not know of each other.
    dag = {"failFast": plan.explicit and not plan.keep_going, "tasks": tasks}
    found = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "generateName": f"{pods.name}-",
            "labels": {
                "app.kubernetes.io/name": pods.name,
                "app.kubernetes.io/managed-by": "dotflow",
            },
        },
        "spec": {
            "entrypoint": "workflow",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "volumes": volumes,
            "templates": [{"name": "workflow", "dag": dag}, *templates.values()],
        },
    }
    check_size(TARGET, len(json.dumps(found)), SIZE, "its manifest in bytes")
    return found


def _plain(argument: str) -> str:
    if "{{" in argument:
        raise NotCompilable(
            TARGET,
            f"it would take the {{{{ in {argument!r} for a variable of its own: pass"
            " another value.",
        )
    # In a container's arguments Kubernetes puts variables in the place of $(NAME).
    return argument.replace("$(", "$$(")


def _task(step: Step, plan: Plan, template: str) -> dict[str, Any]:
    if "{{" in step.name:
        raise NotCompilable(
            TARGET,
            f"it would take the {{{{ in the name {step.name!r} for a variable of its own:"
            " give the task another name=.",
        )
    value = _plain(step.name)
    task: dict[str, Any] = {
        "name": step.id,
        "template": template,
        "arguments": {"parameters": [{"name": "task", "value": value}]},
    }
    if step.upstream and plan.keep_going and not step.explicit:
        ended = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted")
        parts = [
            "(" + " || ".join(f"{up}.{state}" for state in ended) + ")"
            for up in step.upstream
        ]
        task["depends"] = " && ".join(parts)
    elif step.upstream:
        task["depends"] = " && ".join(f"{up}.Succeeded" for up in step.upstream)
    return task


def _template(step: Step) -> dict[str, Any]:
    made: dict[str, Any] = {"inputs": {"parameters": [{"name": "task"}]}}
    if limit := step.limit(MARGIN):
        made["activeDeadlineSeconds"] = limit
    if step.attempts > 1:
        strategy: dict[str, Any] = {
            "limit": str(step.attempts - 1),
            "retryPolicy": "Always",
            # 2: it cannot be run at all; 3: no further attempt can help.
            "expression": 'lastRetry.status == "Error" ||'
            " !(asInt(lastRetry.exitCode) in [2, 3])",
        }
        if step.delay:
            strategy["backoff"] = _backoff(step)
        made["retryStrategy"] = strategy
    return made


def _backoff(step: Step) -> dict[str, str]:
    backoff = {"duration": _duration(step.delays()[0])}
    if step.backoff:
        backoff["factor"] = "2"
        if step.max_delay is not None:
            backoff["cap"] = _duration(step.max_delay)
    return backoff


def _container(plan: Plan, pods: Pods) -> dict[str, Any]:
    mounts = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - a folder of the pod's own
    kept = _MOUNT if pods.volume is not None else "/tmp/.output"  # noqa: S108 - the same
    if pods.volume is not None:
        mounts.append({"name": "results", "mountPath": _MOUNT})
    return {
        "image": pods.image,
        "command": ["dotflow", "start"],
        "args": [
            f"--workflow={pods.workflow}",
            "--task={{inputs.parameters.task}}",
            "--run-id={{workflow.uid}}",
            *map(_plain, plan.arguments()),
        ],
        "env": [{"name": "DOTFLOW_OUTPUT_PATH", "value": kept}],
        "envFrom": [{"secretRef": {"name": f"{pods.name}-env", "optional": True}}],
        "resources": {
            "requests": {"cpu": "250m", "memory": f"{min(pods.memory, 256)}Mi"},
            "limits": {"memory": f"{pods.memory}Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }


def _duration(seconds: float) -> str:
    """Return a time as Argo reads it."""
    return f"{round(seconds * 1000)}ms" if seconds % 1 else f"{int(seconds)}s"
