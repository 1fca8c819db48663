"""The commands of `hatch.toml`, and where `hatch run test` sends what it is asked."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS: dict[str, dict[str, Any]] = tomllib.loads(
    (ROOT / "hatch.toml").read_text("utf-8")
)["envs"]
PACKAGES = sorted(path.parent.name for path in ROOT.glob("packages/*/tests"))
command = runpy.run_path(str(ROOT / "scripts/test.py"))["command"]


def needed(package: str) -> set[str]:
    """Return the distributions of ours that a package requires, and the core."""
    text = (ROOT / "packages" / package / "pyproject.toml").read_text("utf-8")
    required = tomllib.loads(text)["project"].get("dependencies", [])
    names = {one.partition("~")[0] for one in required}
    return {"dotflow-core", *(name for name in names if name.startswith("dotflow-"))}


def test_each_command_is_in_the_environment_it_names() -> None:
    """A command of `hatch run` never runs itself again."""
    for name, line in ENVIRONMENTS["default"]["scripts"].items():
        if line.startswith("hatch run "):
            environment, _, script = line.split()[2].partition(":")
            assert script in ENVIRONMENTS[environment]["scripts"], name


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_an_environment(package: str) -> None:
    """A package's tests run with that package, what it needs of ours, and no other."""
    name = package.removeprefix("dotflow-")
    environment = command([name], ROOT)[2].removesuffix(":pytest")
    members = ENVIRONMENTS[environment]["workspace"]["members"]
    if environment == "test":
        assert members == ["packages/*"]
    else:
        assert environment == name
        assert {*members} == {f"packages/{one}" for one in (package, *needed(package))}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["test:pytest"]),
        (["-k", "resume"], ["test:pytest", "-k", "resume"]),
        (["packages/dotflow-core"], ["test:pytest", "packages/dotflow-core"]),
        (["core", "-x"], ["core:pytest", "packages/dotflow-core/tests", "-x"]),
        (["dotflow-aws"], ["aws:pytest", "packages/dotflow-aws/tests"]),
        (["tests"], ["test:pytest", "tests"]),
    ],
)
def test_where_tests_run(arguments: list[str], expected: list[str]) -> None:
    """A package's name leads to its environment, anything else to the full one."""
    assert command(arguments, ROOT) == ["hatch", "run", *expected]


def test_a_misspelt_package_is_refused() -> None:
    """What is neither a package nor a path is refused before an environment is made."""
    with pytest.raises(SystemExit, match=r"'cor' is neither .* core,"):
        command(["cor"], ROOT)


def test_the_full_environment_lacks_nothing() -> None:
    """What the tests of one package need is there where all of them run."""
    full = {line.partition("[")[0] for line in _needs("test")}
    for name in ENVIRONMENTS:
        if f"dotflow-{name}" in PACKAGES:
            assert {line.partition("[")[0] for line in _needs(name)} <= full, name


def _needs(name: str) -> list[str]:
    return list(ENVIRONMENTS[name].get("extra-dependencies", ()))
