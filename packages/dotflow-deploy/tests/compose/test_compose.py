"""A project deployed to docker compose, through a `docker` that keeps state in a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dotflow_deploy.compose.services import stack
from dotflow_deploy.errors import (
    BuildError,
    CloudError,
    DeployError,
    InvalidProject,
    NotOurs,
)
from dotflow_deploy.options import Options
from dotflow_deploy.project import load_project, named_project
from dotflow_deploy.stack.change import Action

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow_deploy.stack import Stack

TOKEN = "t0p-s3cret-$HOME\nof two lines"
STEPS = ("^build ", "^volume create", "^compose .* up")


def declared(root: Path, env: dict[str, str] | None = None, **options: Any) -> Stack:
    project = load_project(root, env={"TOKEN": TOKEN} if env is None else env)
    return stack(project, Options(**options))


def gone(root: Path) -> Stack:
    return stack(named_project(root, "shop"), Options())


def test_from_nothing_to_nothing(shop: Path, docker: Any, tmp_path: Path) -> None:
    """Deployed, deployed again, changed, destroyed and destroyed again: no more is done."""
    plan = declared(shop).plan()
    assert [c.action for c in plan] == [Action.CREATE] * 3
    assert not docker.mutations
    made = declared(shop)
    made.apply()
    assert len(docker.mutations) == 3
    assert made.outputs()["State"] == "running"

    assert declared(shop).apply().is_empty
    assert len(docker.mutations) == 3

    with (shop / "shop" / "steps.py").open("a") as steps:
        steps.write("changed = True\n")
    done = declared(shop).apply()
    assert [c.action for c in done] == [Action.UPDATE, Action.KEEP, Action.UPDATE]
    assert "run: running -> stopped, and started anew" in map(
        str, list(done)[2].differences
    )
    assert len(docker.state["images"]) == 1
    assert len(docker.state["containers"]) == 1

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    gone(elsewhere).destroy()
    assert not any(docker.state[name] for name in ("images", "volumes", "containers"))
    before = docker.mutations
    assert gone(elsewhere).destroy().is_empty
    assert docker.mutations == before


def test_container_gets_its_variables(shop: Path, docker: Any) -> None:
    """Variables arrive as they are, and are in no command line and no definition."""
    declared(shop, {"TOKEN": TOKEN, "DOCKER_HOST": "mine"}).apply()
    (container,) = docker.state["containers"].values()
    env = container["Config"]["Env"]
    assert f"TOKEN={TOKEN}" in env
    assert "DOCKER_HOST=mine" in env
    for call in docker.calls:
        assert "t0p" not in json.dumps(call["argv"])
        assert "t0p" not in call["stdin"]
        assert call["env"].get("DOCKER_HOST") != "mine"


@pytest.mark.parametrize("schedule", [None, "0 6 * * *"])
def test_definition_is_valid(
    shop: Path, docker: Any, tmp_path: Path, schedule: str | None
) -> None:
    """What compose gets passes the schema that its makers publish."""
    cli = pytest.importorskip("check_jsonschema.cli")
    testing = pytest.importorskip("click.testing")
    path = shop / "pyproject.toml"
    text = path.read_text().replace('"dotflow-core"', '"dotflow", "dotflow-scheduler"')
    path.write_text(text)
    declared(shop, schedule=schedule).apply()
    (call,) = [call for call in docker.calls if "up" in call["argv"]]
    definition = tmp_path / "compose.json"
    definition.write_text(call["stdin"])
    arguments = ["--builtin-schema", "vendor.compose-spec", str(definition)]
    done = testing.CliRunner().invoke(cli.main, arguments)
    assert done.exit_code == 0, done.output


def test_changed_variable_is_a_change(shop: Path, docker: Any) -> None:
    """Another value starts another container; neither value is in the plan."""
    declared(shop, {"TOKEN": "first-one"}).apply()
    plan = declared(shop, {"TOKEN": "second-one"}).plan()
    change = list(plan)[2]
    assert change.action is Action.UPDATE
    text = json.dumps(change.to_dict())
    assert "first-one" not in text
    assert "second-one" not in text
    declared(shop, {"TOKEN": "second-one"}).apply()
    (container,) = docker.state["containers"].values()
    assert "TOKEN=second-one" in container["Config"]["Env"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.sampled(1)
def test_failure_is_resumed(shop: Path, docker: Any, step: str) -> None:
    """After a failure at any step, the same command goes on where it stopped."""
    docker.change(fail=[step])
    with pytest.raises(DeployError, match="did not work") as caught:
        declared(shop).apply()
    assert "t0p" not in str(caught.value)
    before = len(docker.mutations)
    declared(shop).apply()
    done = STEPS.index(step)
    assert len(docker.mutations) - before == len(STEPS) - done
    assert declared(shop).apply().is_empty


def test_older_image_is_removed_in_the_end(shop: Path, docker: Any) -> None:
    """An image that could not be removed goes at the next run, which starts nothing."""
    declared(shop).apply()
    with (shop / "shop" / "steps.py").open("a") as steps:
        steps.write("\n")
    docker.change(fail=["^image rm"])
    with pytest.raises(CloudError):
        declared(shop).apply()
    assert len(docker.state["images"]) == 2
    before = len(docker.mutations)
    declared(shop).apply()
    assert len(docker.state["images"]) == 1
    assert [line.partition(":")[0] for line in docker.mutations[before:]] == [
        "image rm shop"
    ]
    assert declared(shop).apply().is_empty


@pytest.mark.parametrize("step", ["^compose .* down", "^volume rm", "^image rm"])
@pytest.mark.sampled(1)
def test_failed_removal_is_resumed(shop: Path, docker: Any, step: str) -> None:
    """After a failure of `destroy` at any step, the same command removes the rest."""
    declared(shop).apply()
    docker.change(fail=[step])
    with pytest.raises(CloudError, match="Could not remove"):
        gone(shop).destroy()
    gone(shop).destroy()
    assert not any(docker.state[name] for name in ("images", "volumes", "containers"))


def test_foreign_things_stay(shop: Path, docker: Any) -> None:
    """What was there before is neither changed nor removed."""
    foreign = {
        "Name": "/shop-web-1",
        "Image": "sha256:1",
        "State": {"Status": "running"},
        "Config": {
            "Image": "nginx",
            "Labels": {"com.docker.compose.project": "shop"},
        },
    }
    docker.change(
        containers={"shop-web-1": foreign},
        images={"shop:latest": {"labels": {}, "Id": "sha256:2"}},
        volumes={"shop_results": {}},
    )
    before = docker.state
    with pytest.raises(NotOurs, match="Volume shop_results exists already"):
        declared(shop).apply()
    assert gone(shop).destroy().is_empty
    assert docker.state == before
    assert not docker.mutations


def test_schedule(shop: Path, docker: Any) -> None:
    """A schedule needs the scheduler among the dependencies, and the message says so."""
    with pytest.raises(InvalidProject, match="dotflow-scheduler among"):
        declared(shop, schedule="0 6 * * *").apply()
    path = shop / "pyproject.toml"
    text = path.read_text().replace(
        '"dotflow-core"', '"dotflow-core", "dotflow-scheduler"'
    )
    path.write_text(text)
    declared(shop, schedule="0 6 * * *").apply()
    (container,) = docker.state["containers"].values()
    assert container["Config"]["Cmd"][-2:] == ["--cron", "0 6 * * *"]


def test_own_dockerfile_says_what_runs(shop: Path, docker: Any) -> None:
    """The command of a Dockerfile that the project has itself is not replaced."""
    declared(shop, timeout=60).apply()
    (container,) = docker.state["containers"].values()
    assert container["Config"]["Cmd"][:4] == ["timeout", "-k", "30", "60"]
    (shop / "Dockerfile").write_text("FROM scratch\n")
    declared(shop, timeout=60).apply()
    (container,) = docker.state["containers"].values()
    assert container["Config"]["Cmd"] is None


def test_rebuild(shop: Path, docker: Any) -> None:
    """`--rebuild` takes all layers anew, though nothing has changed."""
    declared(shop).apply()
    declared(shop, rebuild=True).apply()
    builds = [line for line in docker.mutations if line.startswith("build ")]
    assert len(builds) == 2
    assert "--no-cache" in builds[1]


def test_without_compose(shop: Path, docker: Any) -> None:
    """A docker without its compose plugin is told what to install."""
    docker.change(compose=False)
    with pytest.raises(CloudError, match="docker-compose-plugin"):
        declared(shop).apply()


def test_without_daemon(shop: Path, docker: Any) -> None:
    """Even a plan says that the daemon does not run, and how to start it."""
    docker.change(daemon=False)
    with pytest.raises(BuildError, match="systemctl start docker"):
        declared(shop).plan()


@pytest.mark.parametrize("options", [{"region": "here"}, {"builder": "zip"}])
def test_options_without_meaning(shop: Path, options: dict[str, Any]) -> None:
    """An option that docker has no use for is refused."""
    with pytest.raises(InvalidProject, match="leave out"):
        declared(shop, **options)
