"""`dotflow cloud list` and `dotflow cloud generate`, as a user calls them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from dotflow.testing.imports import imported_by
from dotflow_deploy.commands.cloud import command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _in_project(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)


def cloud(*arguments: str) -> Result:
    """Call `dotflow cloud`."""
    return CliRunner().invoke(command, arguments)


def test_list_shows_families() -> None:
    """The list names every platform, its family, and whether deploy reaches it."""
    result = cloud("list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split()[:2] == ["Family", "Platform"]
    assert len(lines) == 43
    assert any(line.startswith("Google Cloud  ") for line in lines)
    assert any(line.split()[:1] == ["k3s"] for line in lines)


def test_list_as_json() -> None:
    """A program gets the list as JSON, with the files of each platform."""
    result = cloud("list", "--json")
    found = {one["platform"]: one for one in json.loads(result.stdout)}
    assert len(found) == 42
    assert found["render"]["files"][2] == "render.yaml"
    assert found["ecs"]["deploy"] is True
    assert found["civo"]["deploy"] is False


def test_list_of_one() -> None:
    """One platform is told with its files and its region."""
    result = cloud("list", "--platform", "fly-io")
    assert "region    fra" in result.stdout
    assert "file      fly.toml" in result.stdout
    assert cloud("list", "--platform", "flyio").exit_code == 2


def test_alone_it_explains_itself() -> None:
    """`dotflow cloud` shows what it can do and is no mistake."""
    result = cloud()
    assert result.exit_code == 0
    assert {"list", "generate", "compile"} <= set(result.stdout.split())


def test_generate_writes_and_tells(shop: Path) -> None:
    """Files are written into the project, and the next command is shown."""
    result = cloud("generate", "--platform", "docker")
    assert result.exit_code == 0, result.output
    assert "Created   compose.yaml" in result.stdout
    assert "Next:\n  docker compose up --build\n" in result.stdout
    assert (shop / "Dockerfile").is_file()
    again = cloud("generate", "--platform", "docker")
    assert again.exit_code == 0
    assert "Created" not in again.stdout
    assert "Unchanged Dockerfile" in again.stdout


def test_generate_elsewhere(shop: Path, tmp_path: Path) -> None:
    """With `--output` the files go there, and the project stays as it is."""
    before = sorted(shop.rglob("*"))
    target = tmp_path / "out"
    result = cloud("generate", "--platform", "nomad", "--output", str(target))
    assert result.exit_code == 0, result.output
    assert (target / "deploy/nomad/job.nomad.hcl").is_file()
    assert sorted(shop.rglob("*")) == before


def test_generate_overwrites_nothing(shop: Path) -> None:
    """What differs is named, nothing is written, and the exit code tells."""
    (shop / "Dockerfile").write_text("FROM scratch\n")
    result = cloud("generate", "--platform", "docker")
    assert result.exit_code == 2
    assert "Dockerfile" in result.stderr
    assert "--force" in result.stderr
    assert not (shop / "compose.yaml").exists()
    kept = cloud("generate", "--platform", "docker", "--keep")
    assert "Kept      Dockerfile" in kept.stdout
    assert (shop / "Dockerfile").read_text() == "FROM scratch\n"
    forced = cloud("generate", "--platform", "docker", "--force")
    assert "Replaced  Dockerfile" in forced.stdout
    assert cloud("generate", "--platform", "docker", "--force", "--keep").exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--platform", "nowhere"),
        ("--platform", "docker", "--project", "../evil"),
        ("--platform", "docker", "--project", "a b$(id)"),
        ("--platform", "docker", "--project", "-x"),
        ("--platform", "docker", "--workflow", "shop.workflow:build; rm -rf /"),
        ("--platform", "docker", "--workflow", "../shop:build"),
        ("--platform", "docker", "--schedule", "every day"),
        ("--platform", "docker", "--schedule", "61 * * * *"),
        ("--platform", "ecs", "--region", "eu'west"),
        ("--platform", "docker", "--python", "2.7"),
    ],
)
def test_generate_refuses(arguments: tuple[str, ...], shop: Path) -> None:
    """Unsafe or unknown names end it with a message before anything is written."""
    before = sorted(shop.rglob("*"))
    result = cloud("generate", *arguments)
    assert result.exit_code == 2, result.output
    assert "Error: " in result.stderr
    assert sorted(shop.rglob("*")) == before


def test_generate_cannot_write(shop: Path) -> None:
    """A folder that is a file is told in one line."""
    (shop / "out").write_text("mine\n")
    result = cloud("generate", "--platform", "docker", "--output", "out")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_generate_tells_the_schedule_it_took() -> None:
    """A platform that is nothing without a schedule gets one, and says which."""
    result = cloud("generate", "--platform", "render")
    assert "'0 6 * * *' (UTC): --schedule changes that" in result.stdout
    given = cloud(
        "generate", "--platform", "render", "--schedule", "0 7 * * *", "--force"
    )
    assert "changes that" not in given.stdout


def test_compiled_platform_tells_what_it_made_of_the_workflow(shop: Path) -> None:
    """A state machine has a state for each task of the project's own workflow."""
    result = cloud("generate", "--platform", "step-functions")
    assert result.exit_code == 0, result.output
    made = json.loads(
        (shop / "deploy/step-functions/state-machine.asl.json").read_text()
    )
    assert list(made["States"])[:3] == ["extract", "transform", "load"]
    assert made["States"]["transform"]["Retry"]
    assert "DOTFLOW_STORAGE" in result.stderr


def test_compiled_platform_tells_what_is_wrong(shop: Path) -> None:
    """A workflow that cannot be imported is told as such, and nothing is written."""
    (shop / "shop/workflow.py").write_text("import nowhere\n")
    result = cloud(
        "generate", "--platform", "cloud-workflows", "-w", "shop.workflow:build"
    )
    assert result.exit_code == 2
    assert "No module named 'nowhere'" in result.stderr
    assert not (shop / "deploy").exists()


def test_help_imports_little() -> None:
    """`dotflow --help` loads neither the platforms nor YAML nor rich."""
    heavy = {"yaml", "rich", "pathspec", "dotflow", "dotflow_deploy.platforms"}
    assert heavy & imported_by("import dotflow_deploy.commands.cloud") == set()
