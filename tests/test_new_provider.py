"""What `hatch run new-provider` makes."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOL = runpy.run_path(str(ROOT / "scripts/new_provider/__main__.py"))
CHANGED = [TOOL["REGISTRY"], TOOL["OFFERED"], TOOL["METAPACKAGE"], "hatch.toml"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy what the tool reads and changes."""
    for name in (*CHANGED, "LICENSE", "VERSION.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def toml(path: Path) -> Any:
    return tomllib.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("family", sorted(TOOL["FAMILIES"]))
def test_a_new_provider_passes_its_contract(checkout: Path, family: str) -> None:
    """A new package passes the contract suite of its family, as it is made."""
    folder = TOOL["make"](f"{family.capitalize()}Attic", checkout)
    assert folder == checkout / "packages/dotflow-attic"
    core = ROOT / "packages/dotflow-core/src"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(folder / "src"), str(core)])
    }
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stdout
    assert " passed" in result.stdout


def test_a_new_provider_is_listed(checkout: Path) -> None:
    """A new package is named wherever its neighbours are."""
    folder = TOOL["make"]("NotifyAttic", checkout)
    project = toml(folder / "pyproject.toml")["project"]
    assert project["entry-points"]["dotflow.providers"] == {
        "NotifyAttic": "dotflow_attic.notify:NotifyAttic"
    }
    extras = toml(checkout / TOOL["METAPACKAGE"])["project"]["optional-dependencies"]
    version = runpy.run_path(str(ROOT / "VERSION.py"))["__version__"]
    assert extras["attic"] == [f"dotflow-attic=={version}"]
    assert "dotflow[attic]" in extras["all"]
    registry = runpy.run_path(str(checkout / TOOL["REGISTRY"]))
    assert registry["INTEGRATIONS"]["NotifyAttic"] == ("dotflow-attic", "attic")
    offered = (checkout / TOOL["OFFERED"]).read_text("utf-8")
    assert "    from dotflow_attic import NotifyAttic as NotifyAttic  #" in offered
    environment = toml(checkout / "hatch.toml")["envs"]["attic"]
    assert environment["workspace"]["members"][1] == "packages/dotflow-attic"


@pytest.mark.parametrize("name", ["Ntfy", "notifyNtfy", "PagerDuty", "Notify", ""])
def test_a_name_without_a_family_is_refused(checkout: Path, name: str) -> None:
    """A name that begins with no family is refused before anything is written."""
    with pytest.raises(SystemExit, match="one of Log, Metrics, Notify"):
        TOOL["make"](name, checkout)
    assert {path.name for path in (checkout / "packages").iterdir()} == {
        "dotflow",
        "dotflow-core",
    }


def test_a_name_that_hatch_knows_is_refused(checkout: Path) -> None:
    """A service called as an environment is refused, and nothing is written."""
    before = (checkout / "hatch.toml").read_text("utf-8")
    with pytest.raises(SystemExit, match="'demo' is an environment"):
        TOOL["make"]("NotifyDemo", checkout)
    assert (checkout / "hatch.toml").read_text("utf-8") == before
    assert not list((checkout / "packages").glob("dotflow-demo"))
