"""What the tests of the deployers have in common."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow_deploy.stack import Plan

SECRET = "hunter2-never-shown"
"""The value of the variable `TOKEN` of deployed projects, which nothing may show."""


def actions(plan: Plan) -> set[str]:
    """Return what a plan does, but for what stays as it is."""
    return {str(change.action) for change in plan} - {"keep"}


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
