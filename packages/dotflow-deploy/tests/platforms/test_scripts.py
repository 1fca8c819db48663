"""Scripts of platforms, run with stand-ins for the clouds' command lines."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from dotflow_deploy.generate import generate, schedule_text, write
from dotflow_deploy.platforms import Request, Scheduling, find_platform, platforms
from dotflow_deploy.project import load_project
from dotflow_deploy.schedule import Cron

if TYPE_CHECKING:
    from pathlib import Path

CASES = [
    (name, schedule)
    for name, platform in platforms().items()
    if any(file.target.endswith("/deploy.sh") for file in platform.files)
    for schedule in (None, "0 6 * * 1-5")
    if schedule is None or platform.scheduling is not Scheduling.NONE
]
# Notes its arguments, and answers what the real one would in a few words. What is looked
# up before it is made is there only if THERE says so.
STAND_IN = """#!/usr/bin/env bash
# In one piece: in a pipe two of them write at once.
printf '%s\\n' "$(basename "$0")$(printf '\\t%s' "$@")" >> "$CALLS"
case "$*" in
  *'jobs[0].[status'*) [ "$EXIT_CODE" = 0 ] && echo 'SUCCEEDED log' || echo 'FAILED log' ;;
  *stoppedReason*) printf '%s\\tEssential container exited\\n' "$EXIT_CODE" ;;
  *exitCode*) echo "$EXIT_CODE" ;;
  *lastStatus*) echo STOPPED ;;
  *currentState.state*) echo Terminated ;;
  *get-login-password*) echo secret ;;
  *' describe '* | *describe-repositories* | *'registry get' | 'status '*)
    [ "$THERE" = yes ] || case "$*" in *--format* | *--query*) ;; *) exit 1 ;; esac
    echo answer ;;
  *) echo answer ;;
esac
if [ "$(basename "$0")" = docker ] && [ "$1" = login ]; then cat >/dev/null; fi
"""
PROGRAMS = (
    "python",
    "aws",
    "docker",
    "gcloud",
    "az",
    "fly",
    "doctl",
    "curl",
    "sam",
    "s",
    "jq",
)


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    """Make a folder of stand-ins for the programs that scripts call."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).write_text(STAND_IN, "utf-8")
        (folder / name).chmod(0o755)
    return folder


def call(script: Path, stand_ins: Path, **env: str) -> tuple[int, list[list[str]], str]:
    """Run a script from another folder: its exit code, the calls it made, its errors."""
    calls = stand_ins.parent / "calls"
    calls.unlink(missing_ok=True)
    settings = {"THERE": "no", "EXIT_CODE": "0", "CALLS": str(calls)}
    settings |= {"REPOSITORY": "registry.example.com/team/shop"} | env
    done = subprocess.run(
        ["bash", script],
        cwd=stand_ins,
        env={"PATH": f"{stand_ins}:{os.defpath}:/usr/bin:/bin"} | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = calls.read_text("utf-8").splitlines() if calls.exists() else []
    return done.returncode, [line.split("\t") for line in lines], done.stderr


@pytest.mark.parametrize("there", ["no", "yes"])
@pytest.mark.parametrize(("name", "schedule"), CASES)
@pytest.mark.sampled
def test_deploy_script_comes_to_its_end(
    name: str, schedule: str | None, there: str, shop: Path, stand_ins: Path
) -> None:
    """A script runs through, from any folder, the first time and again after a change."""
    platform = find_platform(name)
    text = schedule_text(platform, schedule)
    request = Request(load_project(shop), schedule=Cron.parse(text) if text else None)
    write(shop, generate(platform, request).files)
    script = shop / f"deploy/{name}/deploy.sh"
    code, calls, errors = call(script, stand_ins, THERE=there)
    assert code == 0, errors
    assert calls
    for words in calls:
        assert all(words[:2]), f"an empty word: {words}"
        for word in words:
            if word.startswith("deploy/"):
                assert (shop / word).is_file(), f"{word} is not there"


@pytest.mark.parametrize("name", ["ecs", "aws-batch"])
def test_image_is_pushed_before_it_is_used(
    name: str, shop: Path, stand_ins: Path
) -> None:
    """The repository is made, then the image pushed, then the stack names that image."""
    write(shop, generate(find_platform(name), Request(load_project(shop))).files)
    _, calls, _ = call(shop / f"deploy/{name}/deploy.sh", stand_ins, TAG="7")
    order = [
        words[1] if words[0] == "docker" else words[2]
        for words in calls
        if words[0] == "docker" or "deploy" in words
    ]
    assert order == ["deploy", "login", "build", "push", "deploy"]
    assert "ImageTag=7" in calls[-1]
    assert not any("secret" in word for words in calls for word in words)


@pytest.mark.parametrize("exit_code", ["0", "1"])
@pytest.mark.parametrize("name", ["ecs", "aws-batch"])
def test_run_script_exits_as_the_workflow(
    name: str, exit_code: str, shop: Path, stand_ins: Path
) -> None:
    """A workflow that fails on the platform makes the script fail as well."""
    write(shop, generate(find_platform(name), Request(load_project(shop))).files)
    code, _, errors = call(
        shop / f"deploy/{name}/run.sh", stand_ins, EXIT_CODE=exit_code
    )
    assert code == int(exit_code), errors
