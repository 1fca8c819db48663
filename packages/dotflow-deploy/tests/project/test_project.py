"""A project read from its folder, without running any of its code."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from dotflow.__about__ import __version__
from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.project import load_project, read_dependencies

if TYPE_CHECKING:
    from pathlib import Path

FLOW = "raise SystemExit('imported')\n\ndef build():\n    ...\n"


def write(root: Path, **files: str) -> Path:
    """Write files; `__` in a name stands for `/`, and a final `_x` for `.x`."""
    for name, text in files.items():
        stem, _, suffix = name.replace("__", "/").rpartition("_")
        path = root / f"{stem}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return root


def test_installable_project(shop: Path) -> None:
    """`pyproject.toml` says the name, the workflow and what is needed."""
    project = load_project(shop, env={"TOKEN": "t0p-s3cret"})
    assert project.name == "shop"
    assert project.workflow == "shop.workflow:build"
    assert project.dependencies.installable
    assert project.dependencies.lines == ("dotflow-core",)
    assert project.python == "3.12"
    assert "t0p-s3cret" not in repr(project)


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("workflow_py", "workflow"),
        ("shop__workflow_py", "shop.workflow"),
        ("src__shop__workflow_py", "shop.workflow"),
    ],
)
def test_workflow_is_found_without_importing(
    tmp_path: Path, file: str, module: str
) -> None:
    """A module `workflow` with a function `build` is found by reading it."""
    root = write(tmp_path, **{file: FLOW, "requirements_txt": "dotflow"})
    assert load_project(root, name="shop").workflow == f"{module}:build"


@pytest.mark.parametrize("given", ["a.b:make", "a.b.make"])
def test_workflow_is_written_as_for_start(tmp_path: Path, given: str) -> None:
    """Both ways to name a factory are understood, and win over what is found."""
    root = write(tmp_path, workflow_py=FLOW, requirements_txt="dotflow")
    assert load_project(root, name="my", workflow=given).workflow == "a.b:make"


def test_folder_gives_the_name(tmp_path: Path) -> None:
    """Without a name anywhere, the folder's is taken."""
    root = write(tmp_path / "My_Shop", workflow_py=FLOW, requirements_txt="dotflow")
    assert load_project(root).name == "my-shop"


@pytest.mark.parametrize("given", ["build", ":build", "a.b:", "a.b:c-d", "a b:c", ""])
def test_what_names_no_workflow(tmp_path: Path, given: str) -> None:
    """What cannot be a factory is refused with an example."""
    root = write(tmp_path, requirements_txt="dotflow")
    with pytest.raises(InvalidProject, match=r"shop\.workflow"):
        load_project(root, name="my", workflow=given)


def test_no_workflow(tmp_path: Path) -> None:
    """A project that does not say which function it is tells both ways to say so."""
    root = write(
        tmp_path, requirements_txt="dotflow", workflow_py="async def build(): ..."
    )
    with pytest.raises(InvalidProject, match=r"--workflow .*\[tool\.dotflow\]"):
        load_project(root, name="my")


def test_workflow_that_does_not_parse(tmp_path: Path) -> None:
    """An error of syntax is shown with its line."""
    root = write(tmp_path, requirements_txt="dotflow", workflow_py="\ndef build(:\n")
    with pytest.raises(InvalidProject, match=r"workflow\.py, line 2"):
        load_project(root, name="my")


def test_no_folder(tmp_path: Path) -> None:
    """A folder that is not there is named."""
    with pytest.raises(InvalidProject, match="none is not a folder"):
        load_project(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[project\n", "not valid TOML"),
        ("project = 1\n", "'project' is no table"),
        ("tool = []\n", "'tool' is no table"),
        ("[project]\nname = 'x'\ndependencies = 'pandas'\n", "are no list"),
        ("[project]\nname = 'x'\ndependencies = [1]\n", "are no list"),
        ("[project]\nname = 'x'\n[tool.dotflow]\nworkflow = 1\n", "names no workflow"),
        ("[project]\nname = 'x'\n[tool]\ndotflow = 1\n", "names no workflow"),
    ],
)
def test_pyproject_that_is_not_understood(
    tmp_path: Path, text: str, reason: str
) -> None:
    """A mistake in `pyproject.toml` is told of with the file, not with a traceback."""
    root = write(tmp_path, pyproject_toml=text, workflow_py=FLOW)
    with pytest.raises(InvalidProject, match=reason) as caught:
        load_project(root, name="my")
    assert "pyproject.toml" in str(caught.value)


def test_no_dependencies(tmp_path: Path) -> None:
    """A folder that says nowhere what it needs is told what is enough."""
    root = write(tmp_path, workflow_py=FLOW)
    with pytest.raises(
        InvalidProject, match=r"requirements\.txt with the line `dotflow`"
    ):
        load_project(root, name="my")


def test_requirements_that_are_no_text(tmp_path: Path) -> None:
    """A `requirements.txt` as some shells write it, in UTF-16, is told of."""
    root = write(tmp_path, workflow_py=FLOW)
    (root / "requirements.txt").write_bytes("dotflow\n".encode("utf-16"))
    with pytest.raises(InvalidProject, match="not in UTF-8"):
        load_project(root, name="my")


@pytest.mark.parametrize("name", ["1A", "A-B", "A B", "", "A=B"])
def test_what_names_no_variable(shop: Path, name: str) -> None:
    """A variable that no shell could have is refused, its value unseen."""
    with pytest.raises(InvalidProject, match="--env KEY=VALUE") as caught:
        load_project(shop, env={name: "t0p-s3cret"})
    assert "t0p-s3cret" not in str(caught.value)


@pytest.mark.parametrize("python", ["3.10", "3.15", "3", "3.12.1", "latest"])
def test_python_that_dotflow_does_not_run_on(shop: Path, python: str) -> None:
    """Another Python than dotflow's is refused."""
    with pytest.raises(InvalidProject, match=r"3\.11 to 3\.14"):
        load_project(shop, python=python)


def test_requirements_win(tmp_path: Path) -> None:
    """`requirements.txt` says what is needed where both are there."""
    text = """
        # what we need
        dotflow_core==2.0  # pinned
        Pandas[excel]>=2 ; python_version > "3"
        -e .
        git+https://example.com/x.git
        https://example.com/y-1.0-py3-none-any.whl
        zope.interface @ https://example.com/z.whl
        """
    project = '[project]\nname = "x"\ndependencies = ["numpy"]\n'
    root = write(tmp_path, requirements_txt=text, pyproject_toml=project)
    found = read_dependencies(root)
    assert found.requirements
    assert not found.installable
    assert not found.hashed
    assert found.names == {"dotflow-core", "pandas", "zope-interface"}


@pytest.mark.parametrize(
    ("named", "missing"),
    [
        ("dotflow", ["dotflow-aws"]),
        ("dotflow-core", ["dotflow-cli", "dotflow-aws"]),
        ("Dotflow_AWS", ["dotflow-core", "dotflow-cli"]),
    ],
)
def test_what_is_missing(tmp_path: Path, named: str, missing: list[str]) -> None:
    """Our distributions that a project does not name are added, of this version."""
    found = read_dependencies(write(tmp_path, requirements_txt=named))
    added = found.missing("dotflow-core", "dotflow-cli", "dotflow-aws")
    assert added == [f"{name}~={__version__}" for name in missing]


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        (">=3.11", "3.12"),
        (">=3.12.4", "3.12"),
        (">=3.13", "3.13"),
        ("==3.11.*", "3.11"),
        ("<3.12", "3.11"),
    ],
)
def test_python_follows_the_project(shop: Path, wanted: str, version: str) -> None:
    """Without `--python` the runs have a Python that `requires-python` allows."""
    path = shop / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('">=3.11"', f'"{wanted}"'), encoding="utf-8")
    assert load_project(shop).python == version
    assert load_project(shop, python="3.13").python == "3.13"


@pytest.mark.parametrize("wanted", ["<3.11", ">=4", "three"])
def test_impossible_python(shop: Path, wanted: str) -> None:
    """A project that no Python of dotflow suits is refused, with what it asks for."""
    path = shop / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('">=3.11"', f'"{wanted}"'), encoding="utf-8")
    with pytest.raises(InvalidProject, match="requires-python"):
        load_project(shop)
