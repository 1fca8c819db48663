"""A project to deploy, and the wheels of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

PACKAGES = Path(__file__).resolve().parents[2]
"""The folder of all distributions, where the tests run in a checkout."""

FILES = {
    "pyproject.toml": """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "shop"
        version = "0.1.0"
        requires-python = ">=3.11"
        dependencies = ["dotflow-core"]

        [tool.dotflow]
        workflow = "shop.workflow:build"

        [tool.hatch.build.targets.wheel]
        packages = ["shop"]
        """,
    "shop/__init__.py": "",
    "shop/steps.py": """
        import os

        from dotflow import action


        @action
        def extract(initial_context):
            given = initial_context.storage
            return given.get("numbers", [3, 1, 2]) if isinstance(given, dict) else [3, 1, 2]


        @action(retry=2, retry_delay=0, timeout=60)
        def transform(previous_context):
            if "boom" in previous_context.storage:
                raise ValueError("there is a boom in it")
            return sorted(previous_context.storage)


        @action
        def load(previous_context):
            total = sum(previous_context.storage)
            print(f"{os.environ.get('SHOP', 'shop')}: the total is {total}", flush=True)
            return total
        """,
    "shop/workflow.py": """
        from dotflow import Config, DotFlow

        from shop.steps import extract, load, transform


        def build() -> DotFlow:
            workflow = DotFlow(config=Config.from_env(), workflow_id="shop")
            workflow.task.add(step=extract)
            workflow.task.add(step=transform)
            workflow.task.add(step=load)
            return workflow
        """,
    ".env": "TOKEN=never-to-leave\n",
    ".gitignore": "*.log\n",
    "debug.log": "not packaged\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Make a project of three steps that is installable, with a secret beside it."""
    root = tmp_path / "shop-project"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip(), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheels that a deployed project needs, for pip's `--find-links`.

    In a checkout, from it; elsewhere `DOTFLOW_WHEELS` names a folder that has them.
    """
    if given := os.environ.get("DOTFLOW_WHEELS"):
        return Path(given)
    folder = tmp_path_factory.mktemp("wheels")
    for name in ("dotflow-core", "dotflow-aws", "dotflow-cli"):
        command = [
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "-t",
            "wheel",
            "-d",
            folder,
        ]
        subprocess.run(command, cwd=PACKAGES / name, check=True, capture_output=True)
    return folder


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a `docker` that records its calls first on PATH; return its folder."""
    home = tmp_path / "docker"
    program = home / "bin" / "docker"
    program.parent.mkdir(parents=True)
    fake = Path(__file__).parent / "fakes" / "docker.py"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{fake}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("FAKE_DOCKER", str(home))
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return home


@pytest.fixture
def offline_pip(monkeypatch: pytest.MonkeyPatch, wheels: Path) -> None:
    """Let pip find the wheels of this repository alone, and build with what is here."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    # pip takes 0 for "without isolation".
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")
