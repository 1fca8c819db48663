"""Platforms whose own engine runs the workflow's graph, a step a task."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.platforms.families import aws, google
from dotflow_deploy.platforms.platform import File, Scheduling
from dotflow_deploy.platforms.render import Raw
from dotflow_deploy.platforms.servers import server_files, server_values
from dotflow_deploy.platforms.shared import GCLOUDIGNORE, own, readme
from dotflow_deploy.platforms.values import bringing
from dotflow_deploy.project import shortened

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

_COMMAND: Final = "import sys; from dotflow_cli.main import main; sys.exit(main())"


def compiled(target: str) -> Callable[[Request], str]:
    """Return what compiles a project's workflow.

    The workflow is imported for it, in a process of its own: whatever its module does
    when it is imported, it does not do to this one.

    Args:
        target: What `dotflow cloud compile --to` takes.
    """
    return partial(_compile, target)


def _compile(target: str, request: Request) -> str:
    project = request.project
    root = project.root.resolve()
    known = os.environ.get("PYTHONPATH")
    paths = [str(root), str(root / "src"), *([known] if known else [])]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "definition"
        arguments = ["cloud", "compile", "--to", target, "--project", project.name]
        arguments += ["--workflow", project.workflow, "--output", str(made)]
        done = subprocess.run(
            [sys.executable, "-c", _COMMAND, *arguments],
            cwd=root,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not made.is_file():
            # Its text alone: whoever shows this puts the usage of their own before it.
            reason = done.stderr.rpartition("Error: ")[2].strip()
            raise InvalidProject(f"{project.workflow} was not compiled: {reason}")
        for line in done.stderr.splitlines():
            if line.startswith("Note: "):
                request.echo(line)
        return made.read_text(encoding="utf-8")


def _machine(request: Request) -> Values:
    return {
        # With the account's twelve digits, 63 characters at most.
        "bucket": f"{shortened(request.project.name, 42)}-results",
        "logs": f"/aws/lambda/{request.project.name}",
    }


def _workflows(request: Request) -> Values:
    name = request.project.name
    services = " cloudscheduler.googleapis.com" if request.schedule else ""
    return {
        **server_values(request),
        # Results pass through a bucket.
        **bringing(request.project, "dotflow-gcp"),
        # Service accounts' names have 30 characters at most.
        "runner": shortened(f"{name}-run", 30),
        "caller": shortened(f"{name}-call", 30),
        "services": Raw(services),
    }


PLATFORMS: Final = (
    aws(
        name="step-functions",
        title="AWS Step Functions",
        description="A state machine, a state a task, each a call of Lambda",
        files=(
            File("deploy/step-functions/state-machine.asl.json", compiled("asl")),
            *own("step-functions", "handler.py", "template.yaml"),
            *own(
                "step-functions",
                "build.py",
                "samconfig.toml",
                "deploy.sh",
                source="lambda",
            ),
            readme("step-functions"),
        ),
        scheduling=Scheduling.OPTIONAL,
        values=_machine,
    ),
    google(
        name="cloud-workflows",
        title="Google Cloud Workflows",
        description="A workflow, a step a task, each a request to Cloud Run",
        files=(
            *server_files("cloud-workflows"),
            GCLOUDIGNORE,
            File("deploy/cloud-workflows/workflow.yaml", compiled("google-workflows")),
            *own("cloud-workflows", "cloudbuild.yaml", source="gcp-service"),
            *own("cloud-workflows", "deploy.sh", "README.md"),
        ),
        scheduling=Scheduling.OPTIONAL,
        values=_workflows,
    ),
)
