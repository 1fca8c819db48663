"""A project's image, by a `docker` that is a program of its own and writes calls down."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from dotflow_deploy.build import DockerBuilder, Login
from dotflow_deploy.errors import BuildError
from dotflow_deploy.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = "registry.example.com/team/shop"
DOCKERFILE = {"Dockerfile": "FROM scratch\n", ".dockerignore": ".git/\n"}


def silent(line: str) -> None:
    """Show nothing."""


def builder(root: Path, **options: Any) -> DockerBuilder:
    return DockerBuilder(load_project(root), IMAGE, files=DOCKERFILE, **options)


def calls(docker: Path) -> list[dict[str, Any]]:
    log = docker / "calls.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()]


def state(docker: Path, **values: Any) -> dict[str, Any]:
    path = docker / "state.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(found | values))
    return found


def test_image_is_built_and_pushed(shop: Path, docker: Path) -> None:
    """The image is named by its digest, built for the platform, and pushed."""
    made = builder(shop)
    reference = made.build(silent)
    assert reference == f"{IMAGE}:{made.digest[:12]}"
    assert state(docker)["pushed"] == [reference]
    (build,) = [call for call in calls(docker) if call["argv"][0] == "build"]
    assert build["argv"][1:3] == ["--platform", "linux/amd64"]
    assert build["env"]["SOURCE_DATE_EPOCH"] == "0"


def test_docker_gets_no_secret(shop: Path, docker: Path) -> None:
    """Neither `.env` nor ignored files are within docker's reach."""
    builder(shop).build(silent)
    (build,) = [call for call in calls(docker) if call["argv"][0] == "build"]
    assert build["files"] == sorted(
        [
            ".dockerignore",
            ".gitignore",
            "Dockerfile",
            "pyproject.toml",
            "shop/__init__.py",
            "shop/steps.py",
            "shop/workflow.py",
        ]
    )


def test_own_dockerfile_wins(shop: Path, docker: Path) -> None:
    """A Dockerfile that the user has changed is the one that is built."""
    before = builder(shop).digest
    (shop / "Dockerfile").write_text("FROM python:3.12\n")
    made = builder(shop)
    assert made.digest != before
    assert "Dockerfile" not in made.files
    assert builder(shop, replace=True).files["Dockerfile"] == b"FROM scratch\n"


def test_generated_dockerfile_is_the_default(shop: Path, docker: Path) -> None:
    """Without a Dockerfile, the one of `dotflow cloud generate` is built."""
    made = DockerBuilder(load_project(shop), IMAGE)
    assert b"shop.workflow:build" in made.files["Dockerfile"]
    assert set(made.files) == {"Dockerfile", ".dockerignore"}
    made.build(silent)


def test_buildx_makes_an_image_that_lambda_takes(shop: Path, docker: Path) -> None:
    """Where buildx is there, no list of attestations is wrapped around the image."""
    state(docker, buildx=True)
    builder(shop, labels={"team": "sales"}).build(silent)
    (call,) = [c for c in calls(docker) if c["argv"][:2] == ["buildx", "build"]]
    assert "--provenance=false" in call["argv"]
    assert "--load" in call["argv"]
    assert "team=sales" in call["argv"]


def test_password_goes_through_stdin_alone(shop: Path, docker: Path) -> None:
    """A registry's password is on no command line, in no environment and no line."""
    state(docker, passwords={"registry.example.com": "s3cret"})
    login = Login("registry.example.com", "me", "s3cret")
    shown: list[str] = []
    builder(shop, login=lambda: login).build(shown.append)
    (call,) = [call for call in calls(docker) if call["argv"][0] == "login"]
    assert call["stdin"] == "s3cret"
    for each in calls(docker):
        assert "s3cret" not in json.dumps([each["argv"], each["env"]])
    assert "s3cret" not in "\n".join([*shown, repr(login)])


def test_wrong_password_is_not_shown(shop: Path, docker: Path) -> None:
    """A refused login tells where and who, and not the password, even if docker does."""
    state(docker, passwords={"registry.example.com": "other"})
    login = Login("registry.example.com", "me", "s3cret")
    with pytest.raises(
        BuildError, match=r"log in to registry\.example\.com as me"
    ) as e:
        builder(shop, login=lambda: login).build(silent)
    assert "s3cret" not in str(e.value)
    assert "denied: *** is not" in str(e.value)


def test_who_pushes_is_asked_after_building(shop: Path, docker: Path) -> None:
    """A token that lasts minutes is not asked for before a build that takes longer."""
    state(docker, fail=["^build "])

    def login() -> Login:
        raise AssertionError("asked too early")

    with pytest.raises(BuildError, match=r"docker could not build the image"):
        builder(shop, login=login).build(silent)


def test_no_program(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without docker and podman, the message says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match=r"neither is installed.*docs\.docker\.com"):
        builder(shop).build(silent)


def test_no_daemon(shop: Path, docker: Path) -> None:
    """With a daemon that does not run, the message says how to start it."""
    state(docker, daemon=False)
    with pytest.raises(
        BuildError, match=r"Cannot connect[\s\S]*systemctl start docker"
    ):
        builder(shop).build(silent)


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker CLI")
def test_real_client_without_daemon(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real client, which has no daemon to talk to, is understood as well."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'no.sock'}")
    with pytest.raises(BuildError, match="is installed, but does not answer"):
        builder(shop).build(silent)


def test_podman_does_as_well(
    shop: Path, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where podman is instead of docker, it builds and pushes."""
    (docker / "bin" / "docker").rename(docker / "bin" / "podman")
    monkeypatch.setenv("PATH", str(docker / "bin"))
    assert builder(shop, push=False).build(silent) in state(docker)["images"]


def test_failed_step_shows_the_end(shop: Path, docker: Path) -> None:
    """What docker says last is in the message, and all of it among the lines."""
    state(docker, fail=["^push"])
    shown: list[str] = []
    with pytest.raises(BuildError, match=r"could not push[\s\S]*did not work"):
        builder(shop).build(shown.append)
    assert "#1 installing dependencies" in shown
    assert os.environ["FAKE_DOCKER"] == str(docker)
