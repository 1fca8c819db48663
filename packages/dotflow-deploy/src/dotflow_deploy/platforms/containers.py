"""Platforms that run a container wherever one likes."""

from __future__ import annotations

from typing import Final

from dotflow_deploy.platforms.platform import Family, File, Platform, Scheduling
from dotflow_deploy.platforms.shared import IMAGE, own, readme, with_scheduler
from dotflow_deploy.schedule import kubernetes, nomad


def manifests(platform: str) -> tuple[File, ...]:
    """Return the manifests of a Kubernetes job, in `deploy/<platform>/`."""
    return own(platform, "job.yaml", "kustomization.yaml", source="kubernetes")


PLATFORMS: Final = (
    Platform(
        name="docker",
        title="Docker",
        description="A container on this machine, with docker compose",
        family=Family.CONTAINERS,
        files=(*IMAGE, File("compose.yaml", "docker/compose.yaml"), readme("docker")),
        start="docker compose up --build",
        scheduling=Scheduling.OPTIONAL,
        values=with_scheduler,
    ),
    Platform(
        name="kubernetes",
        title="Kubernetes",
        description="A Job, or a CronJob with a schedule",
        family=Family.CONTAINERS,
        files=(*IMAGE, *manifests("kubernetes"), readme("kubernetes")),
        start="kubectl apply --kustomize deploy/kubernetes",
        scheduling=Scheduling.OPTIONAL,
        dialect=kubernetes,
    ),
    Platform(
        name="k3s",
        title="k3s",
        description="A Job or CronJob, its image without a registry",
        family=Family.CONTAINERS,
        files=(*IMAGE, *manifests("k3s"), readme("k3s")),
        start="sudo k3s kubectl apply --kustomize deploy/k3s",
        scheduling=Scheduling.OPTIONAL,
        dialect=kubernetes,
    ),
    Platform(
        name="nomad",
        title="Nomad",
        description="A batch job, dispatched or periodic",
        family=Family.CONTAINERS,
        files=(*IMAGE, *own("nomad", "job.nomad.hcl", "README.md")),
        start="nomad job run deploy/nomad/job.nomad.hcl",
        scheduling=Scheduling.OPTIONAL,
        dialect=nomad,
    ),
)
