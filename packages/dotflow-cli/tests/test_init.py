"""`dotflow init`: a project that works at once."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--storage", "file", "--mode", "parallel", "--docker"],
        ["--storage", "memory", "--retry", "3", "--cron", "0 6 * * *"],
    ],
)
def test_it_works(
    dotflow: Run, folder: Path, environ: dict[str, str], options: list[str]
) -> None:
    """A new project runs in every mode, and its tests pass, without being installed."""
    assert dotflow("init", "my-shop", *options).returncode == 0
    project = folder / "my-shop"
    for mode in ("sequential", "parallel"):
        result = dotflow(
            "start", "-w", "my_shop.workflow:build", "-m", mode, cwd=project
        )
        assert result.returncode == 0, result.stderr
        assert "the total is 6" in result.stdout
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        env=environ,
        capture_output=True,
        text=True,
    )
    assert tests.returncode == 0, tests.stdout
    assert (project / "Dockerfile").exists() == ("--docker" in options)
    for path in project.rglob("*"):
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ""}:
            assert "<module>" not in path.read_text("utf-8")


def test_pyproject(dotflow: Run, folder: Path) -> None:
    """The settings of a new project are well-formed and name what it needs."""
    import tomllib

    dotflow("init", "my-shop", "--cron", "0 6 * * *")
    found = tomllib.loads((folder / "my-shop/pyproject.toml").read_text("utf-8"))
    assert found["project"]["name"] == "my-shop"
    assert found["project"]["dependencies"][0].startswith("dotflow[scheduler]>=")


def test_nothing_is_overwritten(dotflow: Run, folder: Path) -> None:
    """A folder that has something in it is left as it is."""
    (folder / "my-shop").mkdir()
    (folder / "my-shop" / "mine").touch()
    assert dotflow("init", "my-shop").returncode == 1
    assert [path.name for path in (folder / "my-shop").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["../up"],
        ["1st"],
        ["json"],
        ["class"],
        ["tests"],
        ["a b"],
        ["é"],
        ["a" * 100],
        ["shop", "--cron", "daily"],
        ["shop", "--cron", '* * * * "'],
        ["shop", "--retry", "0"],
        ["shop", "--storage", "drawer"],
    ],
)
def test_mistakes(dotflow: Run, folder: Path, arguments: list[str]) -> None:
    """What cannot be a project is refused, and nothing is written."""
    before = sorted(folder.iterdir())
    result = dotflow("init", *arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert sorted(folder.iterdir()) == before


def test_image(dotflow: Run, folder: Path) -> None:
    """The image runs what was asked for, and keeps results where a volume can be."""
    assert dotflow("init", "once", "--docker", "-y").returncode == 0
    cron = ["--cron", "0 6 * * *"]
    assert dotflow("init", "daily", "--docker", "-y", *cron).returncode == 0
    once = (folder / "once/Dockerfile").read_text("utf-8")
    daily = (folder / "daily/Dockerfile").read_text("utf-8")
    assert 'CMD ["dotflow", "start", "--workflow", "once.workflow:build"]' in once
    assert (
        '["dotflow", "schedule", "--workflow", "daily.workflow:build", "--cron", "0 6'
        in (daily)
    )
    for text in (once, daily):
        assert "DOTFLOW_OUTPUT_PATH=/var/lib/dotflow" in text
    ignored = (folder / "once/.dockerignore").read_text("utf-8").splitlines()
    assert {"**/.env", "**/.npmrc", "**/*.tfstate", "**/*.db"} <= set(ignored)
