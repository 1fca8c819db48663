"""The manifest with which KubeRay starts a workflow."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "ray_cluster"


@pytest.fixture
def job() -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((EXAMPLE / "rayjob.yaml").read_text("utf-8"))


def groups_of(job: Any) -> list[Any]:
    cluster = job["spec"]["rayClusterSpec"]
    return [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]


def test_its_fields_are_those_of_kuberay(job: Any) -> None:
    """It is a RayJob, and its pods pass the schemas that Kubernetes publishes."""
    validate = pytest.importorskip("kubernetes_validate")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert set(job["spec"]) <= {
        "entrypoint",
        "shutdownAfterJobFinishes",
        "ttlSecondsAfterFinished",
        "rayClusterSpec",
    }
    for group in groups_of(job):
        parameters = group["rayStartParams"]
        assert all(type(value) is str for value in parameters.values()), parameters
        pod = {"apiVersion": "v1", "kind": "Pod", **group["template"]}
        validate.validate(pod, validate.latest_version(), strict=True)


def test_all_pods_have_one_image(job: Any) -> None:
    """Versions of Python, Ray and dotflow are the same in all of them."""
    specs = [group["template"]["spec"] for group in groups_of(job)]
    assert len({one["image"] for spec in specs for one in spec["containers"]}) == 1


def test_its_command_runs_the_workflow(job: Any, tmp_path: Path) -> None:
    """What it starts is a command that completes, on a cluster of this computer."""
    pytest.importorskip("dotflow_cli")
    pytest.importorskip("dotflow_ray")
    shutil.copy(EXAMPLE / "tuning.py", tmp_path)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        shlex.split(job["spec"]["entrypoint"]),
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,  # of a machine that is busy with others
    )
    assert ran.returncode == 0, ran.stderr
    assert "Completed" in Path(tmp_path, "flow.log").read_text("utf-8")
