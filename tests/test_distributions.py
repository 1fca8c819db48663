"""What the distributions promise together: versions, metadata, entry points."""

from __future__ import annotations

import ast
import importlib
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import dotflow
from dotflow.providers.registry import BUILT_IN, GROUP, INTEGRATIONS

ROOT = Path(__file__).resolve().parent.parent
METAPACKAGE = "dotflow"
GROUPS = [GROUP, "dotflow.storages", "dotflow.executors", "dotflow.displays"]
# What a plain `pip install dotflow` brings; everything else is behind an extra.
BASE = {"dotflow-core", "dotflow-schema", "dotflow-cli"}
# What 1.x had in itself: extras too, for those who do not take all of it.
FORMERLY_IN_IT = {"dotflow-deploy", "dotflow-discord", "dotflow-telegram"}


def literal_version(path: Path) -> str:
    """Read `__version__ = "…"` from a file without running it."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == (
            "__version__"
        ):
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{path} has no __version__")


VERSION = literal_version(ROOT / "VERSION.py")
PROJECTS: dict[str, dict[str, Any]] = {
    path.parent.name: tomllib.loads(path.read_text("utf-8"))
    for path in sorted((ROOT / "packages").glob("*/pyproject.toml"))
}
WITH_CODE = [name for name in PROJECTS if name != METAPACKAGE]


def requirements(name: str) -> list[tuple[str, Requirement]]:
    """List what a distribution needs of ours, each with its extra ("" for none)."""
    project = PROJECTS[name]["project"]
    groups = {"": project.get("dependencies", [])}
    groups |= project.get("optional-dependencies", {})
    return [
        (extra, requirement)
        for extra, texts in groups.items()
        for requirement in map(Requirement, texts)
        if canonicalize_name(requirement.name) in PROJECTS
    ]


def entry_points(group: str) -> dict[str, tuple[str, str]]:
    """Collect a group's entry points: each name with its distribution and target."""
    found: dict[str, tuple[str, str]] = {}
    for distribution, project in PROJECTS.items():
        points = project["project"].get("entry-points", {}).get(group, {})
        for name, target in points.items():
            assert name not in found, f"{name} in {group} is claimed twice"
            found[name] = (distribution, target)
    return found


def build_wheel(source: Path, target: Path) -> zipfile.ZipFile:
    """Build the wheel of a project folder."""
    [wheel] = WheelBuilder(str(source)).build(directory=str(target))
    return zipfile.ZipFile(wheel)


def contents(wheel: zipfile.ZipFile) -> dict[str, bytes]:
    """Return the files of a wheel and close it."""
    with wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


def metadata(wheel: zipfile.ZipFile) -> Any:
    """Parse a wheel's METADATA."""
    [name] = [n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")]
    return message_from_bytes(wheel.read(name))


def test_core_version() -> None:
    """`dotflow.__version__` is the version of every distribution."""
    about = ROOT / "packages/dotflow-core/src/dotflow/__about__.py"
    assert literal_version(about) == dotflow.__version__ == VERSION


@pytest.mark.parametrize("name", PROJECTS)
def test_folder_name(name: str) -> None:
    """A distribution is found in the folder of its name."""
    assert PROJECTS[name]["project"]["name"] == name


@pytest.mark.parametrize("name", PROJECTS)
def test_siblings_are_pinned(name: str) -> None:
    """A distribution never runs with a sibling of another release series."""
    operator = "==" if name == METAPACKAGE else "~="
    for _, requirement in requirements(name):
        if canonicalize_name(requirement.name) != name:
            assert str(requirement.specifier) == f"{operator}{VERSION}"


def test_plain_install() -> None:
    """`pip install dotflow` brings what 1.x was without an extra."""
    names = {req.name for extra, req in requirements(METAPACKAGE) if not extra}
    assert names == BASE | FORMERLY_IN_IT


def test_every_distribution_has_an_extra() -> None:
    """Every integration can be installed as `dotflow[extra]`."""
    names = {req.name for extra, req in requirements(METAPACKAGE) if extra}
    assert names - BASE - {METAPACKAGE} == PROJECTS.keys() - BASE - {METAPACKAGE}


def test_extra_all() -> None:
    """`dotflow[all]` is all extras together."""
    extras = PROJECTS[METAPACKAGE]["project"]["optional-dependencies"]
    named = {e for text in extras["all"] for e in Requirement(text).extras}
    assert named == extras.keys() - {"all"}


@pytest.mark.parametrize("group", GROUPS)
def test_entry_points_load(group: str) -> None:
    """An entry point that a distribution declares leads to an object."""
    for _, target in entry_points(group).values():
        module, _, attribute = target.partition(":")
        assert getattr(importlib.import_module(module), attribute) is not None


def test_providers_are_named_as_their_class() -> None:
    """A provider has one name in `dotflow.providers` and in its own package."""
    for name, (_, target) in entry_points(GROUP).items():
        assert target.partition(":")[2] == name


def test_providers_are_registered() -> None:
    """Every provider that the core knows of is registered by its distribution."""
    known = {
        name: distribution
        for name, (distribution, _) in INTEGRATIONS.items()
        # The others' packages are not part of this checkout yet.
        if distribution in PROJECTS
    }
    points = entry_points(GROUP)
    assert known == {name: distribution for name, (distribution, _) in points.items()}


def test_missing_providers_name_their_extra() -> None:
    """The extra that the core tells users to install brings the provider."""
    extras = {
        (extra, requirement.name) for extra, requirement in requirements("dotflow")
    }
    for distribution, extra in INTEGRATIONS.values():
        assert distribution not in PROJECTS or (extra, distribution) in extras


def test_type_checkers_see_every_provider() -> None:
    """What `dotflow.providers` offers at run time is what type checkers see there."""
    source = ROOT / "packages/dotflow-core/src/dotflow/providers/__init__.py"
    seen = {
        alias.name: (node.module or "").partition(".")[0].replace("_", "-")
        for block in ast.parse(source.read_text("utf-8")).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module != "typing"
        for alias in node.names
    }
    own = dict.fromkeys(BUILT_IN, "dotflow")
    assert seen == own | {name: home[0] for name, home in INTEGRATIONS.items()}


@pytest.mark.parametrize("name", PROJECTS)
def test_wheel_metadata(name: str, tmp_path: Path) -> None:
    """A wheel carries the version, the README and the licence."""
    with build_wheel(ROOT / "packages" / name, tmp_path) as wheel:
        fields = metadata(wheel)
        [licence] = [n for n in wheel.namelist() if n.endswith("licenses/LICENSE")]
        assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert fields["Version"] == VERSION
    assert fields["License-Expression"] == "Apache-2.0"
    assert fields["Requires-Python"] == ">=3.11"
    assert fields.get_payload().startswith(f"# {name}\n")


@pytest.mark.parametrize("name", PROJECTS)
def test_wheel_files(name: str, tmp_path: Path) -> None:
    """A wheel holds its one package with py.typed; the metapackage holds no code."""
    files = contents(build_wheel(ROOT / "packages" / name, tmp_path))
    tops = {f.partition("/")[0] for f in files if ".dist-info/" not in f}
    if name == METAPACKAGE:
        assert tops == set()
    else:
        package = "dotflow" if name == "dotflow-core" else name.replace("-", "_")
        # Besides, in the core's: what an upgrade from 1.x makes do with.
        assert tops - {"dotflow.py"} == {package}
        assert f"{package}/py.typed" in files


@pytest.mark.parametrize("name", PROJECTS)
def test_wheel_from_sdist(name: str, tmp_path: Path) -> None:
    """A source distribution alone builds the wheel that the checkout builds."""
    project = ROOT / "packages" / name
    [sdist] = SdistBuilder(str(project)).build(directory=str(tmp_path))
    with tarfile.open(sdist) as archive:
        # Python 3.11.2, which Debian has, knows no filters yet; 3.12 wants one named.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path)
    unpacked = tmp_path / Path(sdist).name.removesuffix(".tar.gz")
    from_sdist = contents(build_wheel(unpacked, tmp_path / "from_sdist"))
    assert from_sdist == contents(build_wheel(project, tmp_path / "from_checkout"))


@pytest.mark.parametrize("name", WITH_CODE)
def test_tests_exist(name: str) -> None:
    """Every distribution with code has tests of its own."""
    assert list((ROOT / "packages" / name / "tests").rglob("test_*.py"))
