"""The commands, from a project's folder to a cluster and back."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

WHERE = ["--platform", "kubernetes", "--project", "shop", "--namespace", "team"]


def dotflow(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "dotflow_cli.main", *arguments],
        cwd=cwd,
        env={**os.environ, "TOKEN": "t0p-s3cret"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_deploy_status_destroy(shop: Path, cluster: Any, tmp_path: Path) -> None:
    """What is deployed from the project's folder can be removed from any other."""
    image = ["--image", "registry.example.com/team/shop:1", "--env", "TOKEN"]
    done = dotflow("deploy", *WHERE, *image, "--dry-run", cwd=shop)
    assert done.returncode == 0, done.stderr
    assert not cluster.mutations
    done = dotflow("deploy", *WHERE, *image, cwd=shop)
    assert done.returncode == 0, done.stderr
    assert "kubectl logs --follow job/shop-" in done.stdout
    assert "t0p-s3cret" not in done.stdout + done.stderr
    assert len(cluster.names("team")) == 3
    done = dotflow("status", *WHERE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    done = dotflow("destroy", *WHERE, "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not cluster.objects


@pytest.mark.parametrize("option", ["--image", "--namespace", "--repository"])
def test_options_of_other_platforms(shop: Path, option: str) -> None:
    """An option that only another platform has is refused, naming that platform."""
    done = dotflow("deploy", "--platform", "docker", option, "a/b", cwd=shop)
    assert done.returncode == 2
    assert f"{option} is for --platform" in done.stderr
