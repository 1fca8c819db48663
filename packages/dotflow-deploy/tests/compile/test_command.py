"""`dotflow cloud compile` writes a definition that runs the project's workflow."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from dotflow_deploy.commands.compile import TARGETS, command


@pytest.fixture
def compile_shop(shop, monkeypatch):
    """Run the command in the folder of a project."""
    import sys

    monkeypatch.chdir(shop)
    monkeypatch.syspath_prepend(str(shop))
    monkeypatch.delenv("DOTFLOW_STORAGE", raising=False)
    for name in [n for n in sys.modules if n.partition(".")[0] == "shop"]:
        monkeypatch.delitem(sys.modules, name)

    def run(*arguments, where="shop.workflow:build"):
        return CliRunner().invoke(command, [*arguments, "-w", where])

    return run


@pytest.mark.parametrize("target", TARGETS)
def test_definition_has_a_step_a_task(target, compile_shop):
    """Every engine gets the three tasks of the project, in its own language."""
    done = compile_shop("--to", target)
    assert done.exit_code == 0, done.output
    assert "set DOTFLOW_STORAGE where its steps run" in done.stderr
    if target == "asl":
        assert list(json.loads(done.stdout)["States"]) == [
            "extract",
            "transform",
            "load",
        ]
        return
    made = yaml.safe_load(done.stdout)
    if target == "google-workflows":
        names = [next(iter(step)) for step in made["main"]["steps"]]
        assert names[1:-1] == ["step_extract", "step_transform", "step_load"]
    elif target == "argo":
        tasks = made["spec"]["templates"][0]["dag"]["tasks"]
        assert [task["name"] for task in tasks] == ["extract", "transform", "load"]
        assert made["metadata"]["generateName"] == "shop-"
    else:
        assert list(made["jobs"]) == ["extract", "transform", "load"]
        steps = made["jobs"]["load"]["steps"]
        assert "--workflow=shop.workflow:build" in steps[-1]["run"]
        assert any("pip install" in step.get("run", "") for step in steps)


def test_file_is_replaced_only_by_force(compile_shop, shop):
    """What is there stays unless `--force` is given."""
    path = shop / "made" / "shop.asl.json"
    assert compile_shop("--to", "asl", "-o", str(path)).exit_code == 0
    before = path.read_text()
    assert json.loads(before)["StartAt"] == "extract"
    refused = compile_shop("--to", "asl", "-o", str(path), "--function", "arn:x")
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert path.read_text() == before
    forced = compile_shop(
        "--to", "asl", "-o", str(path), "--function", "arn:x", "--force"
    )
    assert forced.exit_code == 0
    assert '"arn:x"' in path.read_text()


def test_local_storage_ends_with_a_hint(compile_shop, monkeypatch, tmp_path):
    """A storage that steps could not share is refused, and it is said what to do."""
    monkeypatch.setenv("DOTFLOW_STORAGE", f"file:{tmp_path}")
    done = compile_shop("--to", "asl")
    assert done.exit_code == 2
    assert "StorageS3" in done.stderr
    assert compile_shop("--to", "argo", "--volume", "results").exit_code == 0


def test_unknown_factory_is_a_usage_error(compile_shop):
    """A name that leads nowhere is told as `dotflow start` tells it."""
    done = compile_shop("--to", "asl", where="shop.workflow:bild")
    assert done.exit_code == 2
    assert "bild" in done.stderr
