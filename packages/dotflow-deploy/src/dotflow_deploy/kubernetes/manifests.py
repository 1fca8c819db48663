"""The objects of a workflow in a cluster."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.project import shortened
from dotflow_deploy.stack import marks

if TYPE_CHECKING:
    from dotflow_deploy.kubernetes.cluster import Manifest
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

PLATFORM: Final = "kubernetes"
REVISION: Final = "dotflow-revision"
"""The annotation by which a job names the variables that it runs with."""

# The user of the generated Dockerfile. A name would not do: the cluster checks, before
# the image is opened, that it is not root.
_USER: Final = 10001

# A run gets this long to store where it is, in seconds.
_GRACE: Final = 60

# How late a CronJob may begin: after an hour, the next time is better.
_LATE: Final = 3600


def service_account(project: Project) -> Manifest:
    """Return the account of the runs, which may do nothing in the cluster."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(project, project.name),
        "automountServiceAccountToken": False,
    }


def secret(project: Project, revision: str) -> Manifest:
    """Return the variables of the runs.

    Args:
        project: What runs.
        revision: A text that no other content had.
    """
    metadata = _metadata(project, f"{project.name}-env")
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {**metadata, "annotations": {REVISION: revision}},
        "data": {
            name: base64.b64encode(value.encode()).decode()
            for name, value in project.env.items()
        },
    }


def job(project: Project, options: Options, image: str, revision: str) -> Manifest:
    """Return a job that runs the workflow once. Its name tells its content.

    Args:
        project: What runs.
        options: With how much.
        image: The image.
        revision: Which variables it runs with.
    """
    spec = _spec(project, options, image, revision)
    digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(project, f"{shortened(project.name, 52)}-{digest[:10]}"),
        "spec": spec,
    }


def cron_job(project: Project, options: Options, image: str, revision: str) -> Manifest:
    """Return what makes such a job on a schedule.

    Args:
        project: What runs.
        options: When, and with how much.
        image: The image.
        revision: Which variables it runs with.

    Raises:
        InvalidProject: The schedule is none.
    """
    from dotflow_deploy.schedule import kubernetes

    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _metadata(project, project.name),
        "spec": {
            "schedule": kubernetes(options.schedule or ""),
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _LATE,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"spec": _spec(project, options, image, revision)},
        },
    }


def _spec(project: Project, options: Options, image: str, revision: str) -> Manifest:
    amount = _amount(options.memory)
    # What was given as a tag may be on the nodes alone; what we push may be pushed anew.
    pull = "IfNotPresent" if image == options.image else "Always"
    container: dict[str, Any] = {
        "name": "workflow",
        "image": image,
        "imagePullPolicy": pull,
        "envFrom": [{"secretRef": {"name": f"{project.name}-env"}}],
        "env": [
            {"name": name, "value": value}
            for name, value in _WRITABLE.items()
            if name not in project.env
        ],
        "resources": {
            "requests": {"cpu": "250m", "memory": amount},
            "limits": {"memory": amount},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - there
    }
    pod = {
        "restartPolicy": "Never",
        "serviceAccountName": project.name,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": _GRACE,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    metadata = {"labels": _labels(project), "annotations": {REVISION: revision}}
    return {
        # The workflow has its own retries; a run that failed is not begun anew.
        "backoffLimit": 0,
        "activeDeadlineSeconds": options.timeout,
        "template": {"metadata": metadata, "spec": pod},
    }


def _amount(memory: int) -> str:
    """Return an amount as a cluster writes it, which is compared with it as text."""
    return f"{memory // 1024}Gi" if memory % 1024 == 0 else f"{memory}Mi"


_WRITABLE: Final = {
    "DOTFLOW_OUTPUT_PATH": "/tmp/.output",  # noqa: S108 - of the container
    "HOME": "/tmp",  # noqa: S108 - of the container
}


def _metadata(project: Project, name: str) -> dict[str, Any]:
    return {"name": name, "labels": _labels(project)}


def _labels(project: Project) -> dict[str, str]:
    named = {
        "app.kubernetes.io/name": project.name,
        "app.kubernetes.io/managed-by": "dotflow",
    }
    return {**named, **marks(project.name, PLATFORM)}
