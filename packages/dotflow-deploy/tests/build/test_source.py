"""A folder for a platform's own pip: what is in it, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotflow_deploy.build.source import write_source
from dotflow_deploy.errors import BuildError
from dotflow_deploy.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

MAIN = {"main.py": "# ours\n"}


def written(root: Path, to: Path) -> tuple[set[str], list[str]]:
    """Write the folder; return the files there, and the lines of its requirements."""
    project = load_project(root, workflow="shop.workflow:build")
    write_source(project, to, files=MAIN, requirements=["framework==1.0"], echo=print)
    names = {p.relative_to(to).as_posix() for p in to.rglob("*") if p.is_file()}
    return names, (to / "requirements.txt").read_text().splitlines()


def plain(shop: Path, requirements: str = "dotflow-core\n") -> Path:
    """Make the project one that is no package."""
    (shop / "pyproject.toml").unlink()
    (shop / "requirements.txt").write_text(requirements)
    return shop


def test_package(shop: Path, tmp_path: Path) -> None:
    """A project that is a package goes as a wheel, which is the first requirement."""
    names, lines = written(shop, tmp_path / "to")
    wheel = "shop-0.1.0-py3-none-any.whl"
    assert names == {"main.py", "requirements.txt", wheel}
    assert lines == [f"./{wheel}", "framework==1.0"]


def test_pins_beside_a_package(shop: Path, tmp_path: Path) -> None:
    """Pins of requirements.txt go with the wheel, which stands for the project itself."""
    (shop / "requirements.txt").write_text(
        "-e .\ndotflow-core==2.0.0a1\nframework==0.9\n"
    )
    _, lines = written(shop, tmp_path / "to")
    assert lines[1:] == ["dotflow-core==2.0.0a1", "framework==0.9"]


def test_files(shop: Path, tmp_path: Path) -> None:
    """Any other project goes as its files, but for secrets and what git ignores."""
    names, lines = written(plain(shop), tmp_path / "to")
    assert {"main.py", "shop/workflow.py", "shop/steps.py"} <= names
    assert not names & {".env", "debug.log"}
    assert lines == ["dotflow-core", "framework==1.0"]


def test_src_layout(shop: Path, tmp_path: Path) -> None:
    """Modules below `src` are where the platform's Python finds them."""
    plain(shop)
    (shop / "src").mkdir()
    (shop / "shop").rename(shop / "src/shop")
    names, _ = written(shop, tmp_path / "to")
    assert "shop/workflow.py" in names


def test_anew(shop: Path, tmp_path: Path) -> None:
    """What an earlier run has left there is gone."""
    (tmp_path / "to").mkdir()
    (tmp_path / "to/old.whl").write_text("")
    names, _ = written(shop, tmp_path / "to")
    assert "old.whl" not in names


def test_dotflow_is_added(shop: Path, tmp_path: Path) -> None:
    """A project that does not name dotflow gets it all the same."""
    _, lines = written(plain(shop, "requests\n"), tmp_path / "to")
    assert lines[0] == "requests"
    assert lines[1].startswith("dotflow-core~=")


@pytest.mark.parametrize(
    ("requirements", "told"),
    [
        ("dotflow-core==2.0 --hash=sha256:00\n", "--no-hashes"),
        ("-r more.txt\n", "names files of this machine (-r more.txt)"),
        ("./vendored\n", "names files of this machine (./vendored)"),
    ],
)
def test_what_it_cannot_follow(
    shop: Path, tmp_path: Path, requirements: str, told: str
) -> None:
    """What the platform's pip could not follow is refused, with what to do instead."""
    (shop / "requirements.txt").write_text(requirements)
    with pytest.raises(BuildError) as caught:
        written(shop, tmp_path / "to")
    assert told in str(caught.value)
    assert not (tmp_path / "to").exists()


def test_two_files_of_one_name(shop: Path, tmp_path: Path) -> None:
    """A file of the project is not overwritten by the platform's."""
    (plain(shop) / "main.py").write_text("# mine\n")
    with pytest.raises(BuildError, match=r"The project has a file main\.py"):
        written(shop, tmp_path / "to")
