"""What `tests/typing` and an example do as users do, which checkers must follow."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = [
    *sorted((ROOT / "tests" / "typing").glob("*.py")),
    ROOT / "examples" / "custom_provider.py",
]


@pytest.fixture(autouse=True)
def need_what_the_samples_import() -> None:
    """Skip where only some distributions are installed."""
    for module in ("dotflow", "dotflow_schema"):
        pytest.importorskip(module)


def check(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command, *map(str, SAMPLES)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def need(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


def test_mypy_accepts_the_samples(tmp_path: Path) -> None:
    """`mypy --strict` infers the types that the samples state, and refuses misuse."""
    need("mypy")
    options = ["--strict", "--config-file=", f"--cache-dir={tmp_path}"]
    result = check(["mypy", *options], tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_mypy_sees_the_packages_as_typed(tmp_path: Path) -> None:
    """A misuse in user code is an error for mypy, so the samples prove something."""
    need("mypy")
    script = tmp_path / "script.py"
    script.write_text("from dotflow import DotFlow\nDotFlow(workflow_id=3)\n", "utf-8")
    command = ["mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}"]
    result = subprocess.run(
        [sys.executable, "-m", *command, str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert "[arg-type]" in result.stdout, result.stdout + result.stderr


def test_pyright_accepts_the_samples(tmp_path: Path) -> None:
    """Pyright infers the types that the samples state."""
    need("basedpyright")  # pyright with its own JavaScript, so nothing is downloaded
    settings = {
        "include": list(map(str, SAMPLES)),
        "typeCheckingMode": "standard",
        "enableTypeIgnoreComments": True,
    }
    project = tmp_path / "pyrightconfig.json"
    project.write_text(json.dumps(settings), encoding="utf-8")
    result = subprocess.run(
        [
            *(sys.executable, "-m", "basedpyright", "--level", "error"),
            *("--pythonpath", sys.executable, "--project", str(project)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stdout + result.stderr
