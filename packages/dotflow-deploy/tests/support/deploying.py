"""What the tests of the deployers have in common."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dotflow_deploy.deployers import find_deployer
from dotflow_deploy.options import Options

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow_deploy.project import Project
    from dotflow_deploy.stack import Plan, Stack

SECRET = "hunter2-never-shown"
"""The value of the variable `TOKEN` of deployed projects, which nothing may show."""


def actions(plan: Plan) -> set[str]:
    """Return what a plan does, but for what stays as it is."""
    return {str(change.action) for change in plan} - {"keep"}


SCHEDULED = Options(schedule="0 6 * * MON-FRI")


@dataclass(frozen=True)
class Deployer:
    """Declares what a platform needs anew at each call, as each command does."""

    platform: str

    def __call__(self, project: Project, options: Options = SCHEDULED) -> Stack:
        """Declare it."""
        return find_deployer(self.platform)(project, options)

    def applied(self, project: Project, options: Options = SCHEDULED) -> set[str]:
        """Deploy, and return what was done."""
        return actions(self(project, options).apply())

    def change_secret(self, project: Project, secret: str) -> None:
        """Deploy, then with another secret, which the plan names and does not show."""
        self.applied(project)
        stack = self(replace(project, env={**project.env, "TOKEN": secret}))
        told = [str(d) for change in stack.plan() for d in change.differences]
        assert told == ["variables: TOKEN -> (changed)"]
        stack.apply()


def dotflow(
    root: Path, platform: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a command on the project `shop` in a folder; it must show no secret."""
    return called(root, *arguments, "--platform", platform, "--project", "shop")


def called(
    root: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with more variables; it must show no secret."""
    done = subprocess.run(
        [sys.executable, "-m", "dotflow_cli.main", *arguments],
        cwd=root,
        env={**os.environ, "TOKEN": SECRET, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done
