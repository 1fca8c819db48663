"""Platforms that run a container wherever one likes."""

from __future__ import annotations

from functools import partial
from typing import Final

from dotflow_deploy.platforms.platform import Family, File, Platform, Scheduling
from dotflow_deploy.platforms.shared import IMAGE, own, readme, with_scheduler
from dotflow_deploy.schedule import kubernetes, nomad


def manifests(platform: str) -> tuple[File, ...]:
    """Return the manifests of a Kubernetes job, in `deploy/<platform>/`."""
    return own(platform, "job.yaml", "kustomization.yaml", source="kubernetes")


_container: Final = partial(
    Platform, family=Family.CONTAINERS, scheduling=Scheduling.OPTIONAL
)

PLATFORMS: Final = (
    _container(
        name="docker",
        title="Docker",
        description="A container on this machine, with docker compose",
        files=(*IMAGE, File("compose.yaml", "docker/compose.yaml"), readme("docker")),
        start="docker compose up --build",
        values=with_scheduler,
    ),
    _container(
        name="kubernetes",
        title="Kubernetes",
        description="A Job, or a CronJob with a schedule",
        files=(*IMAGE, *manifests("kubernetes"), readme("kubernetes")),
        start="kubectl apply --kustomize deploy/kubernetes",
        dialect=kubernetes,
    ),
    _container(
        name="k3s",
        title="k3s",
        description="A Job or CronJob, its image without a registry",
        files=(*IMAGE, *manifests("k3s"), readme("k3s")),
        start="sudo k3s kubectl apply --kustomize deploy/k3s",
        dialect=kubernetes,
    ),
    _container(
        name="nomad",
        title="Nomad",
        description="A batch job, dispatched or periodic",
        files=(*IMAGE, *own("nomad", "job.nomad.hcl", "README.md")),
        start="nomad job run deploy/nomad/job.nomad.hcl",
        dialect=nomad,
    ),
)
