"""What the commands refuse before anything is asked of a platform."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dotflow.testing.imports import imported_by

if TYPE_CHECKING:
    from pathlib import Path


def dotflow(
    *arguments: str, cwd: Path, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, where no cloud can be reached."""
    return subprocess.run(
        [sys.executable, "-m", "dotflow_cli.main", *arguments],
        cwd=cwd,
        env={**os.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--platform", "lamda"], "Did you mean 'lambda'?"),
        (["--platform", "heroku"], "dotflow cloud generate --platform heroku"),
        (["--platform", "lambda-scheduled"], "--schedule '0 6 * * *'"),
        (
            ["--platform", "lambda", "--schedule", "0 6 * * *"],
            "--platform lambda-scheduled",
        ),
        (["--platform", "lambda", "--project", "../shop"], "letters, digits"),
        (["--platform", "lambda", "--project", "shop; rm -rf x"], "letters, digits"),
        (["--platform", "lambda", "--env", "NOT_SET_ANYWHERE"], "export it"),
        (["--platform", "lambda", "--env", "A-B=1"], "no name for an environment"),
        (["--platform", "lambda", "--workflow", "shop"], "shop.workflow:build"),
        (["--platform", "lambda", "--python", "2.7"], "3.11 to 3.14"),
        (["--platform", "lambda", "--memory", "1"], "--memory"),
        ([], "--platform"),
    ],
)
def test_deploy_refuses(shop: Path, arguments: list[str], told: str) -> None:
    """A wrong option ends with 2 and says what to write, without a traceback."""
    result = dotflow("deploy", *arguments, cwd=shop)
    assert result.returncode == 2, result.stderr
    assert told in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_no_project(tmp_path: Path) -> None:
    """In a folder without a project it says how to name the workflow."""
    result = dotflow("deploy", "--platform", "lambda", cwd=tmp_path)
    assert result.returncode == 2
    assert "[tool.dotflow]" in result.stderr


@pytest.mark.parametrize("command", ["deploy", "destroy", "status"])
def test_missing_sdk(shop: Path, command: str) -> None:
    """Without a cloud's SDK each command says what to install."""
    code = (
        "import sys; sys.modules['boto3'] = None; sys.modules['botocore'] = None\n"
        "from dotflow_cli.main import main\n"
        f"sys.argv = ['dotflow', '{command}', '--platform', 'lambda']\n"
        "main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=shop, capture_output=True, text=True
    )
    assert result.returncode == 2, result.stderr
    assert 'pip install "dotflow[deploy-aws]==' in result.stderr


def test_help_is_light(shop: Path) -> None:
    """`dotflow --help` imports no SDK, no YAML and no pattern matcher."""
    program = (
        "from dotflow_cli.main import cli; cli.main(['--help'], standalone_mode=False)"
    )
    heavy = {"yaml", "pathspec", "boto3", "google", "rich", "tomllib"}
    assert heavy & imported_by(program, shop) == set()
    result = dotflow("--help", cwd=shop)
    for name in ("cloud", "deploy", "destroy", "status"):
        assert name in result.stdout
