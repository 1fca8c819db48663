"""`hatch run release X.Y.Z`, up to the tag."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("hatchling")
pytest.importorskip("twine")

ROOT = Path(__file__).resolve().parent.parent
NOT_NEEDED = re.compile(r"(docs|examples|tests|benchmarks)/|.*/(tests|ui|assets)/")
GIT = ["git", "-c", "user.name=me", "-c", "user.email=me@example.com"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy what a release reads into a repository of its own, with one commit."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    if names.returncode:
        pytest.skip("this is no checkout")
    for name in filter(None, names.stdout.decode().split("\0")):
        source, target = ROOT / name, tmp_path / name
        if not NOT_NEEDED.match(name) and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    (tmp_path / "changelog.d" / "new.added.md").write_text("- Something new.\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "All"]):
        git(tmp_path, *command)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    """Run git, and return what it says."""
    done = subprocess.run(
        [*GIT, *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


def release(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    """Make a release there."""
    identity = {
        f"GIT_{who}_{what}": "me@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    return subprocess.run(
        [sys.executable, folder / "scripts/release.py", version],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **identity},
        capture_output=True,
        text=True,
    )


@pytest.mark.soak  # it builds everything, three times
@pytest.mark.skipif(sys.platform == "win32", reason="git is elsewhere there")
def test_a_release_is_made_up_to_its_tag(checkout: Path) -> None:
    """One command sets the version, writes the changelog, builds, checks and tags."""
    done = release(checkout, "9.8.7")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("git push origin HEAD v9.8.7")
    assert git(checkout, "tag", "--points-at", "HEAD") == "v9.8.7"
    assert git(checkout, "status", "--porcelain") == ""
    assert "9.8.7" in (checkout / "VERSION.py").read_text()
    assert "- Something new." in (checkout / "CHANGELOG.md").read_text("utf-8")
    assert (checkout / "dist" / "dotflow_core-9.8.7-py3-none-any.whl").is_file()

    again = release(checkout, "9.8.7")
    assert "already" in again.stderr
    refused = release(checkout, "9.8")
    assert "is not a version" in refused.stderr
    assert git(checkout, "status", "--porcelain") == ""
    (checkout / "VERSION.py").write_text("")
    unclean = release(checkout, "9.8.8")
    assert "not committed" in unclean.stderr
    assert git(checkout, "tag") == "v9.8.7"
