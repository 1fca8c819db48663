"""Jobs of continuous integration: their commands, run as a runner runs them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import yaml

from dotflow_deploy.generate import generate
from dotflow_deploy.platforms import Request, find_platform
from dotflow_deploy.project import load_project

if TYPE_CHECKING:
    from pathlib import Path


def commands(name: str, shop: Path) -> list[str]:
    """Return the commands of the job that is generated."""
    made = generate(find_platform(name), Request(load_project(shop))).files[0].text
    found = yaml.safe_load(made)
    if name == "gitlab-ci":
        script: list[str] = found["run"]["script"]
        return script
    steps = found["jobs"]["run"]["steps"]
    return [step["run"] for step in steps if "run" in step]


Run = Callable[[str, "Path"], tuple[int, str]]


@pytest.fixture
def run(wheelhouse: Path, tmp_path: Path, new_python: Callable[[Path], None]) -> Run:
    """Give what runs a job's commands in a project until one fails.

    It returns the exit code and all that was printed.
    """

    def run(name: str, shop: Path) -> tuple[int, str]:
        python = tmp_path / "python"
        new_python(python)
        lines = commands(name, shop)
        done = subprocess.run(
            ["bash", "-e"],
            input="\n".join(lines).replace("/tmp/venv", str(tmp_path / "venv")),
            cwd=shop,
            env={
                "PATH": f"{python / 'bin'}:{os.defpath}:/usr/bin:/bin",
                "HOME": str(tmp_path),
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(wheelhouse),
                "DOTFLOW_OUTPUT_PATH": str(tmp_path / "output"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("name", ["github-actions", "gitlab-ci"])
@pytest.mark.sampled(1)
def test_job_runs_workflow(name: str, shop: Path, run: Run) -> None:
    """The job installs the project and runs the workflow to its end."""
    code, printed = run(name, shop)
    assert code == 0, printed
    assert "shop: the total is 6" in printed


@pytest.mark.parametrize("name", ["github-actions", "gitlab-ci"])
@pytest.mark.sampled(1)
def test_job_of_requirements_fails_with_workflow(
    name: str, shop: Path, run: Run
) -> None:
    """With a `requirements.txt`, too: and the job fails if the workflow does."""
    (shop / "requirements.txt").write_text("dotflow-core\n", "utf-8")
    steps = shop / "shop/steps.py"
    steps.write_text(steps.read_text("utf-8").replace("[3, 1, 2]", "['boom']"), "utf-8")
    code, printed = run(name, shop)
    assert code == 1, printed
    assert "there is a boom in it" in printed
