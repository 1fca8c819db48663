"""What a project needs on Google Cloud: a job of Cloud Run, and a schedule for it.

A workflow is a program that ends, so it is a job and no service. Its image is built by
Cloud Build unless `--builder docker` is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.build import Builder, DockerBuilder, Login, image_files
from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.gcp.accounts import ServiceAccount
from dotflow_deploy.gcp.bucket import SourceBucket
from dotflow_deploy.gcp.builds import CloudBuilder
from dotflow_deploy.gcp.google import Google
from dotflow_deploy.gcp.grants import BucketGrant, ResourceGrant
from dotflow_deploy.gcp.job import Job
from dotflow_deploy.gcp.registry import Image, Repository
from dotflow_deploy.gcp.services import Services
from dotflow_deploy.gcp.timer import Timer
from dotflow_deploy.stack import Resource, Stack

if TYPE_CHECKING:
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

_APIS: Final = ("run", "artifactregistry", "iam")
_BUILDS: Final = ("cloudbuild", "storage")


def plain(project: Project, options: Options) -> Stack:
    """Declare a job that is started when somebody says so.

    Args:
        project: What runs.
        options: Region, memory, time and builder.

    Raises:
        InvalidProject: Nobody is signed in, or Cloud Run does not take an option.
    """
    resources, job = _job(project, options, "cloud-run")
    return Stack(resources, lambda: _told(job))


def scheduled(project: Project, options: Options) -> Stack:
    """Declare a job, and a schedule that starts it; see `plain`.

    Raises:
        InvalidProject: As of `plain`, or the schedule is none.
    """
    platform = "cloud-run-scheduled"
    resources, job = _job(project, options, platform, "cloudscheduler")
    google = job.google
    account = ServiceAccount(google, project.name, platform, "timer")
    invoker = "roles/run.invoker"
    resources += [
        account,
        ResourceGrant(google, "jobs", job.path, invoker, account, job, "run.jobs"),
        Timer(google, job, account, options.schedule),
    ]
    return Stack(resources, lambda: _told(job))


def _job(
    project: Project, options: Options, platform: str, *apis: str
) -> tuple[list[Resource], Job]:
    if options.builder not in (None, "docker"):
        raise InvalidProject(
            "Cloud Run runs images: leave out --builder, and Google builds it, or build"
            " it here with --builder docker"
        )
    google = Google.connect(options.region)
    name = project.name
    repository = Repository(google, name, platform)
    local = DockerBuilder(
        project,
        repository.image,
        files=lambda: image_files(project),
        login=lambda: Login(repository.host, "oauth2accesstoken", google.token()),
        rebuild=options.rebuild,
    )
    account = ServiceAccount(google, name, platform, "builds")
    bucket = SourceBucket(google, name, platform)
    writer, path = "roles/artifactregistry.writer", repository.path
    held = "artifactregistry.repositories"
    building: list[Resource] = [
        account,
        ResourceGrant(google, "registry", path, writer, account, repository, held),
        bucket,
        BucketGrant(google, "roles/storage.admin", account, bucket),
    ]
    builder: Builder[str] = local
    needed = [*_APIS, *apis]
    if options.builder is None:
        builder = CloudBuilder(google, local, bucket, account)
        needed += _BUILDS
    for resource in building:
        resource.wanted = options.builder is None
    runs = ServiceAccount(google, name, platform, "runs")
    image = Image(repository, lambda: builder, options)
    job = Job(google, project, platform, options, image, runs)
    apis_needed = Services(google, [f"{api}.googleapis.com" for api in needed])
    return [apis_needed, repository, *building, image, runs, job], job


def _told(job: Job) -> dict[str, str]:
    project, region = job.google.project, job.google.region
    console = "https://console.cloud.google.com/run/jobs/details"
    return {
        "Run it": f"gcloud run jobs execute {job.name} --wait --region {region}"
        f" --project {project}",
        "Runs as, with the roles that you grant": job.account.email,
        "Runs and logs": f"{console}/{region}/{job.name}?project={project}",
    }
