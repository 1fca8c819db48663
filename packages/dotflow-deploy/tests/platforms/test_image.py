"""The image that container platforms run: built as its Dockerfile says, and run."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from dotflow_deploy.generate import generate, write
from dotflow_deploy.platforms import Request, find_platform
from dotflow_deploy.project import load_project
from dotflow_deploy.schedule import Cron

SLOW = """
    import os
    import time
    from pathlib import Path

    from dotflow import DotFlow, action


    @action
    def wait():
        print("waiting", flush=True)
        end = time.monotonic() + 60
        while not Path(os.environ["GO"]).exists() and time.monotonic() < end:
            time.sleep(0.01)


    @action
    def after():
        print("never to be seen", flush=True)


    def build():
        workflow = DotFlow(workflow_id="slow")
        workflow.task.add(step=wait)
        workflow.task.add(step=after)
        return workflow
    """

Builder = Callable[[str, Path], Any]

FAILING = """
    from shop.workflow import build as build_shop


    def build():
        workflow = build_shop()
        workflow.task.queue[0].initial_context = {"numbers": ["boom"]}
        return workflow
    """


@pytest.fixture
def image(shop: Path, build_image: Builder) -> Any:
    """Build the image of a project with a `pyproject.toml`, in tests of it once."""
    (shop / "shop/slow.py").write_text(dedent(SLOW), encoding="utf-8")
    (shop / "shop/failing.py").write_text(dedent(FAILING), encoding="utf-8")
    write(shop, generate(find_platform("docker"), Request(load_project(shop))).files)
    return build_image("pyproject", shop)


def test_image_runs_workflow(image: Any) -> None:
    """The image's command runs the workflow and exits with 0."""
    code, output, errors = image.run()
    assert code == 0, errors
    assert "shop: the total is 6" in output


def test_image_fails_with_workflow(image: Any) -> None:
    """A workflow that fails makes the container exit with something else than 0."""
    code, output, errors = image.run("dotflow", "start", "-w", "shop.failing:build")
    assert code == 1, errors
    assert "there is a boom in it" in output + errors


def test_image_ends_on_sigterm(image: Any, tmp_path: Path) -> None:
    """SIGTERM, as every platform sends it, lets the step end and begins no other."""
    go = tmp_path / "go"
    command = ["dotflow", "start", "--workflow", "shop.slow:build"]
    with image.start(*command, GO=str(go)) as process:
        while "waiting" not in process.stdout.readline():
            assert process.poll() is None, process.stderr.read()
        os.kill(process.pid, signal.SIGTERM)
        while "Stopping" not in process.stderr.readline():
            assert process.poll() is None
        go.touch()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "never to be seen" not in output


def test_image_takes_settings_from_environment(image: Any) -> None:
    """What a platform sets in the environment reaches the workflow."""
    code, output, _ = image.run(SHOP="the corner shop")
    assert code == 0
    assert "the corner shop: the total is 6" in output


def test_image_has_no_secrets(image: Any) -> None:
    """A `.env` of the project is not in the image, nor what nobody asked for."""
    there = {path.name for path in image.folder.iterdir()}
    assert {"pyproject.toml", "shop"} <= there
    assert not {".env", ".git", ".output"} & there
    assert image.user not in ("root", "0")


def test_image_of_requirements(shop: Path, build_image: Builder) -> None:
    """A project that is no package, with a `requirements.txt`, runs as well."""
    (shop / "pyproject.toml").unlink()
    (shop / "requirements.txt").write_text("dotflow-core\n", encoding="utf-8")
    project = load_project(shop, workflow="shop.workflow:build")
    write(shop, generate(find_platform("docker"), Request(project)).files)
    code, output, errors = build_image("requirements", shop).run()
    assert code == 0, errors
    assert "shop: the total is 6" in output


def test_image_of_local_requirements(shop: Path, build_image: Builder) -> None:
    """A `requirements.txt` that names files of the project is installed after them."""
    (shop / "requirements.txt").write_text("-r more.txt\n.\n", encoding="utf-8")
    (shop / "more.txt").write_text("dotflow-core\n", encoding="utf-8")
    write(shop, generate(find_platform("docker"), Request(load_project(shop))).files)
    code, output, errors = build_image("local", shop).run()
    assert code == 0, errors
    assert "shop: the total is 6" in output


def test_scheduled_image_brings_scheduler(shop: Path, build_image: Builder) -> None:
    """Where a container waits for its schedule, the image brings what that needs."""
    request = Request(load_project(shop), schedule=Cron.parse("0 6 * * *"))
    generation = generate(find_platform("docker"), request)
    write(shop, generation.files)
    image = build_image("scheduled", shop)
    compose = next(file for file in generation.files if file.target == "compose.yaml")
    import yaml

    command = yaml.safe_load(compose.text)["services"]["workflow"]["command"]
    code, output, errors = image.run(*command, "--dry-run")
    assert code == 0, errors
    assert "06:00" in output + errors
