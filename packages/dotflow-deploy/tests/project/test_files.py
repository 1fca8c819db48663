"""Which files of a project travel, and what they add up to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project_tree import make, names

from dotflow_deploy.project import project_digest

SECRETS = [
    ".env",
    ".env.production",
    "shop/.env",
    "server.pem",
    "deep/er/private.key",
    "cert.p12",
    "id_rsa",
    "id_ed25519.pub",
    ".netrc",
    ".pypirc",
    ".aws/credentials",
    ".aliyun/config.json",
    ".kube/config",
    ".ssh/known_hosts",
    "credentials.json",
    "service-account-prod.json",
]
RUBBISH = [
    ".git/config",
    ".venv/bin/python",
    "shop/__pycache__/a.cpython-312.pyc",
    "shop/a.pyc",
    "shop.egg-info/PKG-INFO",
    ".mypy_cache/x",
    ".output/tasks/1.json",
    "dist/shop-1.0.tar.gz",
    "build/lib/shop/a.py",
    "node_modules/x/index.js",
]


@pytest.mark.parametrize("name", SECRETS + RUBBISH)
def test_secrets_and_rubbish_stay(tmp_path: Path, name: str) -> None:
    """What is a secret by its name, or is made anew on each machine, never leaves."""
    make(tmp_path, name, "workflow.py")
    assert names(tmp_path) == ["workflow.py"]


@pytest.mark.parametrize("name", SECRETS)
def test_no_ignore_file_brings_a_secret_back(tmp_path: Path, name: str) -> None:
    """A rule that takes a secret in, as `!.env` does, has no effect."""
    make(tmp_path, name, "workflow.py")
    (tmp_path / ".dockerignore").write_text(f"!{name}\n!**\n")
    assert name not in names(tmp_path)


def test_packages_named_build_travel(tmp_path: Path) -> None:
    """Only at the top are `build` and `dist` what a build has made."""
    make(tmp_path, "src/shop/build/__init__.py", "src/shop/dist/a.py", "build/x.py")
    assert names(tmp_path) == ["src/shop/build/__init__.py", "src/shop/dist/a.py"]


def test_gitignore_is_followed(tmp_path: Path) -> None:
    """What git ignores is left out, with git's own rules of what is taken in again."""
    make(tmp_path, "a.log", "keep.log", "data/x.csv", "shop/data/y.csv", "w.py")
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\n/data/\n# a comment\n")
    assert names(tmp_path) == [".gitignore", "keep.log", "shop/data/y.csv", "w.py"]


def test_dockerignore_is_followed(tmp_path: Path) -> None:
    """What an image leaves out is in no package either."""
    make(tmp_path, "notes/a.md", "w.py")
    (tmp_path / ".dockerignore").write_text("notes\n")
    assert names(tmp_path) == [".dockerignore", "w.py"]


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    """A link to a file elsewhere, or to nothing, is left out; one inside is followed."""
    root = make(tmp_path / "project", "w.py")
    secret = make(tmp_path, "secret.txt") / "secret.txt"
    (root / "out.txt").symlink_to(secret)
    (root / "gone.txt").symlink_to(root / "nothing")
    (root / "in.py").symlink_to(root / "w.py")
    (root / "folder").symlink_to(tmp_path, target_is_directory=True)
    assert names(root) == ["in.py", "w.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_are_left_out(tmp_path: Path) -> None:
    """A named pipe is no file, and reading it would wait for ever."""
    make(tmp_path, "w.py")
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path) == ["w.py"]


def test_digest_is_of_contents_alone(tmp_path: Path) -> None:
    """A copy of another day in another folder has the same digest."""
    root = make(tmp_path / "one", "w.py", "shop/a.py")
    (root / "w.py").write_text("a = 1\n")
    copy = tmp_path / "two"
    shutil.copytree(root, copy)
    for path in copy.rglob("*.py"):
        os.utime(path, (1, 1))
    make(copy, ".env", "shop/__pycache__/a.pyc")
    assert project_digest(root) == project_digest(copy)


@pytest.mark.parametrize("change", ["content", "name", "more", "less"])
def test_digest_tells_each_change(tmp_path: Path, change: str) -> None:
    """Whatever is packaged otherwise has another digest."""
    root = make(tmp_path, "w.py", "shop/a.py")
    before = project_digest(root)
    if change == "content":
        (root / "w.py").write_text("a = 1\n")
    elif change == "name":
        (root / "w.py").rename(root / "v.py")
    elif change == "more":
        make(root, "shop/b.py")
    else:
        (root / "w.py").unlink()
    assert project_digest(root) != before


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4)
)
def test_settings_are_told_apart(one: list[str], other: list[str]) -> None:
    """Different settings never add up to one digest, however they are split."""
    empty = Path(__file__).parent / "nothing-here"
    same = project_digest(empty, *one) == project_digest(empty, *other)
    assert same == (one == other)
