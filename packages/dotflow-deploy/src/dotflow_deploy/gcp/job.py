"""Jobs of Cloud Run: a container that runs to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.gcp.google import waited
from dotflow_deploy.project import shortened
from dotflow_deploy.stack import (
    Difference,
    Resource,
    State,
    compare,
    compare_variables,
    is_marked,
    marks,
)

if TYPE_CHECKING:
    from dotflow_deploy.gcp.accounts import ServiceAccount
    from dotflow_deploy.gcp.google import Google
    from dotflow_deploy.gcp.registry import Image
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

# What Cloud Run takes: MiB for each number of processors, and seconds (7 days).
_MEMORY: Final = ((4096, 1), (8192, 2), (16384, 4), (32768, 8))
_LEAST: Final = 512
_LONGEST: Final = 7 * 24 * 3600
_LIMIT: Final = 49


class Job(Resource):
    """A job that runs the workflow once each time it is started.

    Args:
        google: The APIs.
        project: What runs.
        platform: Name of the platform.
        options: Memory and time.
        image: What it runs.
        account: Who it runs as.

    Raises:
        InvalidProject: Cloud Run does not take the memory or the time.
    """

    kind = "Cloud Run job"

    def __init__(
        self,
        google: Google,
        project: Project,
        platform: str,
        options: Options,
        image: Image,
        account: ServiceAccount,
    ) -> None:
        super().__init__(shortened(project.name, _LIMIT))
        self.google = google
        self.project = project
        self.platform = platform
        self.image = image
        self.account = account
        self.memory = options.memory
        self.timeout = options.timeout
        self.cpu = _processors(options.memory)
        if self.timeout > _LONGEST:
            raise InvalidProject(
                f"A job of Cloud Run runs for {_LONGEST} s (7 days) at most:"
                f" --timeout {_LONGEST}"
            )

    @property
    def path(self) -> str:
        """Its full name."""
        return f"{self.google.location}/jobs/{self.name}"

    def read(self) -> State | None:
        """Return what the plan compares. The variables of the runs may be secrets."""
        found = self.google.find(
            self, "run.jobs.get", lambda: self.google.jobs.get_job(name=self.path)
        )
        if found is None:
            return None
        task = found.template.template
        container = task.containers[0] if task.containers else None
        limits = dict(container.resources.limits) if container else {}
        return {
            "labels": dict(found.labels),
            "image": container.image if container else "",
            "env": {v.name: v.value for v in container.env} if container else {},
            "memory": limits.get("memory", ""),
            "cpu": _whole(limits.get("cpu", "")),
            "timeout": int(task.timeout.total_seconds()) if task.timeout else 0,
            "account": task.service_account,
        }

    def create(self) -> None:
        """Make it; nothing runs yet."""
        from google.cloud.run_v2 import CreateJobRequest

        labels = marks(self.project.name, self.platform)
        request = CreateJobRequest(
            parent=self.google.location, job_id=self.name, job=self._declared(labels)
        )
        self.google.run(
            self,
            "create",
            "run.jobs.create",
            lambda: self.google.jobs.create_job(request),
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Return what is not as declared; of variables no more than that."""
        found = []
        image = self.image.pinned
        if image is None or image != state["image"]:
            short = (image or "to be built").rpartition("@")[2][:19]
            before = state["image"].rpartition("@")[2][:19]
            found.append(Difference("image", before, short))
        wanted = {
            "memory": f"{self.memory}Mi",
            "cpu": self.cpu,
            "timeout": self.timeout,
            "account": self.account.email,
        }
        found += compare(state, wanted)
        return found + compare_variables(state["env"], self._env())

    def update(self, state: State) -> None:
        """Change it; what runs already goes on as it was."""
        from google.cloud.run_v2 import Job as Wanted

        wanted = Wanted(name=self.path, **self._declared(state["labels"]))
        self.google.run(
            self,
            "change",
            "run.jobs.update",
            lambda: self.google.jobs.update_job(job=wanted),
        )

    def delete(self, state: State) -> None:
        """Remove it, and what is known of its runs."""
        self.google.gone(
            self,
            "run.jobs.delete",
            lambda: waited(self.google.jobs.delete_job(name=self.path)),
        )

    def is_ours(self, state: State) -> bool:
        """Tell by its labels."""
        return is_marked(state["labels"], self.project.name, self.platform)

    def detail(self) -> str:
        """Return its size."""
        return f"{self.memory} MiB, {self.cpu} CPU, {self.timeout} s"

    def _env(self) -> dict[str, str]:
        return dict(self.project.env)

    def _declared(self, labels: Mapping[str, str]) -> dict[str, Any]:
        return {
            "labels": dict(labels),
            "template": {
                "task_count": 1,
                "template": {
                    # A step has retries of its own; a second run would repeat all.
                    "max_retries": 0,
                    "timeout": {"seconds": self.timeout},
                    "service_account": self.account.email,
                    "containers": [
                        {
                            "image": self.image.pinned,
                            "env": [
                                {"name": key, "value": value}
                                for key, value in sorted(self._env().items())
                            ],
                            "resources": {
                                "limits": {
                                    "cpu": self.cpu,
                                    "memory": f"{self.memory}Mi",
                                }
                            },
                        }
                    ],
                },
            },
        }


def _whole(processors: str) -> str:
    """Return a number of processors as we write it: the API may say 1000m for 1."""
    thousandths = processors.removesuffix("m")
    if thousandths != processors and thousandths.endswith("000"):
        return thousandths.removesuffix("000")
    return processors


def _processors(memory: int) -> str:
    if memory >= _LEAST:
        for most, count in _MEMORY:
            if memory <= most:
                return str(count)
    raise InvalidProject(
        f"A job of Cloud Run takes {_LEAST} to {_MEMORY[-1][0]} MiB of memory:"
        f" --memory {_LEAST}"
    )
