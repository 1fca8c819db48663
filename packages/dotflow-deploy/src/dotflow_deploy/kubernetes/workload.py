"""The Job, or the CronJob, of a project."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.build.docker import DockerBuilder
from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.kubernetes import manifests
from dotflow_deploy.kubernetes.manifests import PLATFORM
from dotflow_deploy.kubernetes.parts import is_ours_of
from dotflow_deploy.stack import Difference, Resource, State, marks

if TYPE_CHECKING:
    from dotflow_deploy.kubernetes.cluster import Cluster, Manifest
    from dotflow_deploy.kubernetes.parts import Variables
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

JOBS: Final = "jobs.batch"
CRON_JOBS: Final = "cronjobs.batch"


class Workload(Resource):
    """The Job that runs the workflow, or the CronJob that makes Jobs; never both."""

    kind = "Job"

    def __init__(
        self,
        cluster: Cluster,
        project: Project,
        options: Options,
        variables: Variables,
    ) -> None:
        super().__init__(project.name)
        self.cluster = cluster
        self.project = project
        self.options = options
        self.variables = variables
        self._rebuilt = False

    @cached_property
    def builder(self) -> DockerBuilder | None:
        """What builds the image. None: it is there already.

        Raises:
            InvalidProject: Nothing says where the image goes.
        """
        image = self.options.image
        if image is None:
            raise InvalidProject(
                "A cluster takes its images from a registry: --image"
                f" registry.example.com/team/{self.name} builds it and pushes it there"
                " (docker login first). With a tag, it is used as it is."
            )
        if "@" in image or ":" in image.rpartition("/")[2]:
            return None
        return DockerBuilder(self.project, image, rebuild=self.options.rebuild)

    @property
    def image(self) -> str:
        """The image that runs."""
        builder = self.builder
        return str(self.options.image) if builder is None else builder.reference

    def read(self) -> State | None:
        """Return all jobs of this project, and whatever has its CronJob's name."""
        mine = marks(self.project.name, PLATFORM)
        jobs = [each for each in self.cluster.find(JOBS, mine) if not _is_made(each)]
        scheduled = self.cluster.get(CRON_JOBS, self.name)
        if not jobs and scheduled is None:
            return None
        return {JOBS: jobs, CRON_JOBS: [] if scheduled is None else [scheduled]}

    def is_ours(self, state: State) -> bool:
        """Tell whether all of them bear our marks."""
        return all(is_ours_of(each, self.project) for _, each in every(state))

    def detail(self) -> str:
        """Return what runs, and when."""
        when = self.options.schedule
        runs = "runs once, now" if when is None else f"runs at {when}"
        return f"{self.image}, {self.options.memory} MB, {runs}"

    def differences(self, state: State) -> Sequence[Difference]:
        """Return what is not as declared: a Job is another one if anything is."""
        found = []
        if self.options.rebuild and self.builder and not self._rebuilt:
            found.append(Difference("image", "built", "built anew"))
        revision = self.variables.revision
        if revision is None:
            found.append(Difference("variables", "(before)", "(changed)"))
        kind, wanted = self._manifest(revision or "")
        there = {_key(kind, each): each for kind, each in every(state)}
        same = there.pop(_key(kind, wanted), None)
        if same is None:
            was = ", ".join(there) or None
            found.append(Difference("job", was, _key(kind, wanted)))
        elif kind == CRON_JOBS:
            found += _compared(same["spec"], wanted["spec"])
        if same is not None:
            found += [Difference("job", other, None) for other in there]
        if any(key.startswith(JOBS) and _runs(job) for key, job in there.items()):
            found.append(Difference("run", "running", "stopped"))
        return found

    def create(self) -> None:
        """Push its image, and make it."""
        self._put({})

    def update(self, state: State) -> None:
        """Put another in the place of those that are there."""
        self._put(state)

    def delete(self, state: State) -> None:
        """Remove it, with its pods."""
        for kind, each in every(state):
            self.cluster.delete(kind, each["metadata"]["name"])

    def _put(self, state: State) -> None:
        if self.builder is not None:
            self.builder.build(self.options.echo)
        kind, wanted = self._manifest(self.variables.revision or "")
        replaced = None
        for other, each in every(state):
            if other == kind == CRON_JOBS:
                replaced = each
            elif self.options.rebuild or _key(other, each) != _key(kind, wanted):
                # First: two runs of one workflow would get in each other's way.
                self.cluster.delete(other, each["metadata"]["name"])
            else:
                replaced = each
        if replaced is None:
            self.cluster.send("create", kind, wanted)
        elif kind == CRON_JOBS:
            self.cluster.send("replace", kind, wanted)
        self._rebuilt = True

    def _manifest(self, revision: str) -> tuple[str, Manifest]:
        given = (self.project, self.options, self.image, revision)
        if self.options.schedule is None:
            return JOBS, manifests.job(*given)
        return CRON_JOBS, manifests.cron_job(*given)


def _is_made(found: Manifest) -> bool:
    """Tell whether a CronJob made a Job, which goes with it."""
    owners = found["metadata"].get("ownerReferences") or []
    return any(owner.get("kind") == "CronJob" for owner in owners)


def every(state: State) -> list[tuple[str, Manifest]]:
    """Return all jobs of a state, each with its kind."""
    return [(kind, each) for kind in state for each in state[kind]]


def _key(kind: str, found: Manifest) -> str:
    return f"{kind}/{found['metadata']['name']}"


def _compared(found: Any, wanted: Any, where: str = "") -> list[Difference]:
    """Return what is not as declared; what the cluster has added itself is no matter."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            difference
            for name, value in wanted.items()
            for difference in _compared(found.get(name), value, f"{where}.{name}")
        ]
    if isinstance(wanted, list) and isinstance(found, list):
        if len(found) == len(wanted):
            return [
                difference
                for number, (one, other) in enumerate(zip(found, wanted, strict=True))
                for difference in _compared(one, other, f"{where}[{number}]")
            ]
    elif found == wanted or (found is None and wanted in ({}, [])):
        return []
    name = where.rpartition("spec.")[2].removeprefix(".")
    return [Difference(name, str(found), str(wanted))]


def condition(job: Manifest) -> str:
    """Return how a job ended, or that it runs."""
    conditions = job.get("status", {}).get("conditions") or []
    held = [each["type"] for each in conditions if each.get("status") == "True"]
    return str(held[-1]) if held else "Running"


def _runs(job: Manifest) -> bool:
    return condition(job) == "Running"
