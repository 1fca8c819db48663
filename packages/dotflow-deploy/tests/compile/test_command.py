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


WITH_DAY = """
from dotflow import DotFlow, action

@action
def load(initial_context):
    return initial_context.storage

def build(day="1970-01-01"):
    workflow = DotFlow()
    for number in range(3):
        workflow.task.add(load, name=f"load-{number}", initial_context=day)
    return workflow
"""
VALUES = ["2026-01-31", "a b", "it's", "$HOME", "$(HOME)", "${{ secrets.X }}", "x=y\nz"]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("target", ["argo", "github-actions"])
def test_params_reach_every_step(target, value, compile_shop, shop):
    """What --param gives is told to every step, as one word that nothing expands."""
    import shlex

    if target == "argo" and "{{" in value:
        return  # refused: see below
    (shop / "shop" / "workflow.py").write_text(WITH_DAY)
    done = compile_shop("--to", target, "--param", f"day={value}")
    assert done.exit_code == 0, done.output
    made = yaml.safe_load(done.stdout)
    if target == "argo":
        found = [
            template["container"]["args"]
            for template in made["spec"]["templates"]
            if "container" in template
        ]
        told = [[word.replace("$$(", "$(") for word in words] for words in found]
        assert not any("$(" in w.replace("$$(", "") for words in found for w in words)
    else:
        runs = [job["steps"][-1]["run"] for job in made["jobs"].values()]
        assert len(runs) == 3
        # As GitHub fills in its own expressions, and a shell then reads words.
        told = [
            shlex.split(r.replace("${{ '${{' }}", "${{"), comments=True) for r in runs
        ]
    assert all(f"--param=day={value}" in words for words in told)


@pytest.mark.parametrize("target", ["asl", "google-workflows"])
def test_params_of_a_handler(target, compile_shop, shop):
    """Where steps are calls of a handler, --param is refused with what to do."""
    (shop / "shop" / "workflow.py").write_text(WITH_DAY)
    done = compile_shop("--to", target, "--param", "day=2026-01-31")
    assert done.exit_code == 2
    assert "--param does not reach" in done.stderr
    assert "`input`" in done.stderr


def test_params_that_argo_would_expand(compile_shop, shop):
    """A value with Argo's own braces is refused."""
    (shop / "shop" / "workflow.py").write_text(WITH_DAY)
    done = compile_shop("--to", "argo", "--param", "day={{workflow.uid}}")
    assert done.exit_code == 2
    assert "{{" in done.stderr
