"""What a project pins is what is packaged, from where it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from dotflow_cli.scaffold.texts import DOCKER
from dotflow_deploy.build import ZipBuilder
from dotflow_deploy.build.source import write_source
from dotflow_deploy.errors import BuildError, InvalidProject
from dotflow_deploy.generate import generate
from dotflow_deploy.platforms import Request, find_platform
from dotflow_deploy.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

UV = """
version = 1
[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
[[package]]
name = "lib"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
"""
POETRY = """
[[package]]
name = "lib"
version = "1.0"
groups = ["main"]
"""
PDM = """
[[package]]
name = "lib"
version = "1.0"
groups = ["default"]
"""
PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "lib"
version = "1.0"
"""
LOCKS = {
    "uv.lock": UV,
    "poetry.lock": POETRY,
    "pdm.lock": PDM,
    "pylock.toml": PYLOCK,
}
HELPER = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "helper"
version = "0.1"
dependencies = []
[tool.hatch.build.targets.wheel]
packages = ["helper"]
"""


@pytest.fixture
def root(tmp_path: Path, make_wheel: Any) -> Path:
    """Make a project that needs `lib`, of which there are two versions."""
    for version in ("1.0", "2.0"):
        make_wheel("lib", version=version)
    make_wheel("helper", version="9.9", text="EVIL = True\n")
    folder = tmp_path / "shop"
    (folder / "vendored/helper/helper").mkdir(parents=True)
    (folder / "vendored/helper/pyproject.toml").write_text(HELPER)
    (folder / "vendored/helper/helper/__init__.py").write_text("OURS = True\n")
    (folder / "workflow.py").write_text("def build():\n    pass\n")
    needs(folder, '"lib"')
    return folder


def needs(root: Path, names: str, more: str = "") -> None:
    text = f'[project]\nname = "shop"\nversion = "1"\ndependencies = [{names}]\n{more}'
    (root / "pyproject.toml").write_text(text)


def packaged(root: Path) -> dict[str, bytes]:
    builder = ZipBuilder(load_project(root))
    with zipfile.ZipFile(builder.build(print)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files(root: Path, name: str) -> None:
    """A package holds the version that a lock file pins, not the newest."""
    (root / name).write_text(LOCKS[name])
    assert "lib-1.0.dist-info/METADATA" in packaged(root)


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_in_images(root: Path, name: str) -> None:
    """An image installs what a lock file pins: its own, and that of `dotflow init`."""
    (root / name).write_text(LOCKS[name])
    assert pins_of(dockerfile(root), root) == ["lib==1.0"]
    assert pins_of(DOCKER["Dockerfile"], root) == ["lib==1.0"]


def test_no_lock_file_in_an_image(root: Path) -> None:
    """The image of `dotflow init` is built without a lock file, too."""
    assert pins_of(DOCKER["Dockerfile"], root) == []


def dockerfile(root: Path) -> str:
    made = generate(find_platform("docker"), Request(load_project(root)))
    (text,) = [file.text for file in made.files if file.target == "Dockerfile"]
    return text


def pins_of(text: str, root: Path) -> list[str]:
    """Run what an image does with a lock file; return what it is held to."""
    (command,) = re.findall(
        r"^RUN (python -c .*) > /tmp/pins\.txt$", text, re.MULTILINE
    )
    assert "--constraint /tmp/pins.txt" in text
    command = command.replace("python", shlex.quote(sys.executable), 1)
    found = subprocess.run(
        ["sh", "-c", command], cwd=root, capture_output=True, text=True, check=True
    )
    return found.stdout.split("\n")[:-1] if found.stdout.strip() else []


def test_requirements_with_hashes_in_images(root: Path) -> None:
    """What an image needs besides is installed by itself where hashes are pinned."""
    (root / "requirements.txt").write_text("lib==1.0 --hash=sha256:0123\n")
    assert "-r requirements.txt \\\n    && pip install 'dotflow-core" in dockerfile(
        root
    )
    (root / "requirements.txt").write_text("lib==1.0\n")
    assert "-r requirements.txt 'dotflow-core" in dockerfile(root)


def test_conditions_of_a_lock_file(root: Path) -> None:
    """Of two pins the one for the function's machine holds."""
    text = UV.replace(
        '[[package]]\nname = "lib"',
        '[[package]]\nname = "lib"\nresolution-markers = ["sys_platform == \'win32\'"]',
    )
    other = text[text.rindex("[[package]]") :].replace("1.0", "2.0")
    other = other.replace("win32", "linux")
    (root / "uv.lock").write_text(text + other)
    assert "lib-2.0.dist-info/METADATA" in packaged(root)
    assert pins_of(dockerfile(root), root) == [
        "lib==1.0 ; (sys_platform == 'win32')",
        "lib==2.0 ; (sys_platform == 'linux')",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "-e ./vendored/helper",
        "--editable=vendored/helper",
        "./vendored/helper",
        "helper @ file:vendored/helper",
        "-r more.txt",
    ],
)
def test_sources_of_requirements(root: Path, line: str) -> None:
    """What requirements name by a path is built from there, whoever has its name."""
    (root / "more.txt").write_text("-e ./vendored/helper\nlib==1.0\n")
    (root / "requirements.txt").write_text(f"{line}\nlib==1.0\n")
    found = packaged(root)
    assert found["helper/__init__.py"] == b"OURS = True\n"
    assert "lib-1.0.dist-info/METADATA" in found


@pytest.mark.parametrize("locked", [True, False])
def test_sources_of_uv(root: Path, locked: bool) -> None:
    """A source of uv is built from its path, with a lock file and without."""
    more = '[tool.uv.sources]\nhelper = {path = "vendored/helper", editable = true}\n'
    needs(root, '"helper"', more)
    if locked:
        text = UV + '[[package]]\nname = "helper"\nversion = "0.1"\n'
        text += 'source = { editable = "vendored/helper" }\n'
        (root / "uv.lock").write_text(text)
    assert packaged(root)["helper/__init__.py"] == b"OURS = True\n"
    made = generate(find_platform("docker"), Request(load_project(root)))
    (text,) = [file.text for file in made.files if file.target == "Dockerfile"]
    assert " ./vendored/helper" in text
    assert ("/tmp/pins.txt" in text) is locked
    with pytest.raises(BuildError, match="helper is of no index"):
        write_source(load_project(root), root.parent / "to", files={}, echo=print)


def test_a_source_outside_of_an_image(root: Path) -> None:
    """A path that no image gets is refused when its files are made."""
    needs(root, '"helper"', '[tool.uv.sources]\nhelper = {path = "../elsewhere"}\n')
    with pytest.raises(InvalidProject, match="outside of the project's"):
        generate(find_platform("docker"), Request(load_project(root)))
    with pytest.raises(BuildError, match=r"There is no .*elsewhere"):
        packaged(root)


def test_pins_of_a_platforms_own_pip(root: Path) -> None:
    """What a platform installs itself is held to the lock file, too."""
    (root / "uv.lock").write_text(UV)
    to = root.parent / "to"
    write_source(load_project(root), to, files={}, echo=print)
    assert (to / "requirements.txt").read_text().splitlines()[0] == "-c pins.txt"
    assert (to / "pins.txt").read_text() == "lib==1.0\n"


def test_a_lock_file_that_is_not_followed(root: Path) -> None:
    """Where requirements.txt says what is needed, that a lock file does not is told."""
    (root / "uv.lock").write_text(UV)
    (root / "requirements.txt").write_text("lib\n")
    told: list[str] = []
    ZipBuilder(load_project(root)).build(told.append)
    assert any("uv.lock is not followed" in line for line in told)


def test_a_broken_lock_file(root: Path) -> None:
    """A lock file that cannot be read is refused by its name."""
    (root / "uv.lock").write_text("[[package")
    with pytest.raises(InvalidProject, match=r"uv\.lock is no lock file"):
        load_project(root)
