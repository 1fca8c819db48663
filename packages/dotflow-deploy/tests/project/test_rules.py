"""What never leaves the machine: one list for packages, images, init and uploads."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from project_tree import make, names

from dotflow_cli.left_out import docker_lines, git_lines
from dotflow_deploy.project import dockerignore, select
from dotflow_deploy.project.ignored import files_of, git_files
from dotflow_deploy.project.patterns import DockerPatterns

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = [
    *(".env", ".env.prod", "prod.env", "conf/.envrc", "a/b/staging.env"),
    *(".npmrc", ".pypirc", ".netrc", "_netrc", ".pgpass", ".git-credentials"),
    *(".docker/config.json", "home/.kube/config", "kubeconfig", "prod.kubeconfig"),
    *(".config/gcloud/x.json", ".aws/credentials", ".azure/token", ".ssh/known_hosts"),
    *(
        "id_rsa",
        "keys/id_ecdsa",
        "id_dsa.pub",
        "id_ed25519_sk",
        "id_work",
        "a/id_b.pub",
    ),
    *("a.pem", "a.key", "a.p12", "a.pfx", "a.jks", "a.ppk", "deep/er/a.key"),
    *("service_account.json", "service-account-x.json", "credentials.json"),
    *("application_default_credentials.json", "a.tfvars", "a.auto.tfvars.json"),
    *("terraform.tfstate", "x/terraform.tfstate.backup", ".terraform/a"),
    *("secrets.toml", "conf/secrets.yaml", "secrets.json"),
]
MADE = ["runs.db", "runs.db-wal", "runs.db-shm", "x/y.db", ".output/tasks/a.json"]
CODE = [
    *("workflow.py", "id_cards.py", "shop/id_cards/model.py", "id_map.csv", "env.py"),
    *("shop/keys.py", "environment.yml", "data/rates.csv", "secretsmanager.py"),
]


@pytest.mark.parametrize("repository", [False, True])
def test_packages(tmp_path: Path, repository: bool) -> None:
    """No secret and no result is packaged, in a repository or not; code is."""
    make(tmp_path, *SECRETS, *MADE, *CODE)
    if repository:
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
        # Committed by mistake: it still does not travel.
        subprocess.run(["git", "-C", tmp_path, "add", "-f", "."], check=True)
    assert names(tmp_path) == sorted(CODE)
    told = {path.as_posix() for path in select(tmp_path).secrets}
    assert told == set(SECRETS)


@pytest.mark.parametrize("name", [*SECRETS, *MADE])
def test_dockerignore(tmp_path: Path, name: str) -> None:
    """The `.dockerignore` for an image leaves out the same."""
    rules = DockerPatterns(dockerignore(tmp_path).splitlines())
    assert rules.leaves_out(name)
    assert DockerPatterns(docker_lines()).leaves_out(name)
    assert not any(rules.leaves_out(one) for one in CODE)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_gitignore_of_the_same_list(tmp_path: Path) -> None:
    """Git leaves out the same by the list in its own form, as `init` writes it."""
    make(tmp_path, *SECRETS, *MADE, *CODE)
    (tmp_path / ".gitignore").write_text("\n".join(git_lines()))
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert git_files(tmp_path) == {*CODE, ".gitignore"}


IGNORED = {
    ".gitignore": "*.log\n/top.txt\nlocal/\n!keep.log\n",
    "conf/.gitignore": "*.private\n/only-here.txt\n",
}
FILES = [
    *("a.log", "keep.log", "top.txt", "conf/top.txt", "local/x", "conf/local/y"),
    *("conf/a.private", "b.private", "conf/only-here.txt", "only-here.txt", "w.py"),
]
KEPT = ["b.private", "conf/top.txt", "keep.log", "only-here.txt", "w.py"]


@pytest.mark.parametrize("way", ["git", "own", "image"])
def test_nested_ignore_files(tmp_path: Path, way: str) -> None:
    """Git, our own reading and the image's list follow nested files alike."""
    make(tmp_path, *FILES)
    for name, text in IGNORED.items():
        (tmp_path / name).write_text(text)
    if way == "git":
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
        found = git_files(tmp_path) or set()
    elif way == "own":
        found = files_of(tmp_path)
    else:
        rules = DockerPatterns(dockerignore(tmp_path).splitlines())
        found = {name for name in FILES if not rules.leaves_out(name)}
    assert sorted(found - IGNORED.keys()) == KEPT


@pytest.mark.parametrize("git", [True, False])
def test_ignore_files_above(
    tmp_path: Path, git: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the repository around a project leaves out stays, with or without git."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    text = "secret.txt\n/apps/*/local/\n/apps/shop/one.txt\n/apps/other/w.py\n"
    (tmp_path / ".gitignore").write_text(text)
    shop = make(tmp_path / "apps/shop", "secret.txt", "local/x", "one.txt", "w.py")
    if not git:
        monkeypatch.setenv("PATH", str(tmp_path))
    assert names(shop) == ["w.py"]
    rules = DockerPatterns(dockerignore(shop).splitlines())
    assert rules.leaves_out("secret.txt")
    assert rules.leaves_out("one.txt")
    assert rules.leaves_out("local/x")
    assert not rules.leaves_out("w.py")


def test_a_project_that_its_repository_ignores(tmp_path: Path) -> None:
    """A project in a folder that the repository leaves out is a project all the same."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("/build/\n")
    assert names(make(tmp_path / "build/shop", "w.py")) == ["w.py"]


@pytest.mark.parametrize(
    ("lines", "out", "kept"),
    [
        (["notes"], ["notes/a.md"], ["x/notes/a.md"]),
        (["/notes/"], ["notes/a.md"], ["x/notes/a.md"]),
        (["**/notes"], ["x/notes/a.md", "notes"], ["notes2"]),
        (["*.md", "!README.md"], ["a.md"], ["README.md", "x/a.md"]),
        (["*", "!src"], ["a.py"], ["src/a.py"]),
        (["data/**", "!data/a"], ["data/b/c"], ["data/a"]),
        (["a?c", "[ab].py"], ["abc", "a.py"], ["ac", "c.py"]),
        (["# a", "", "  b  "], ["b"], ["a"]),
        (["a.*"], ["a.b"], ["ab"]),
    ],
)
def test_docker_rules(lines: list[str], out: list[str], kept: list[str]) -> None:
    """A `.dockerignore` is read as Docker does: from the top, the last rule decides."""
    rules = DockerPatterns(lines)
    assert all(rules.leaves_out(name) for name in out)
    assert not any(rules.leaves_out(name) for name in kept)


def test_links(tmp_path: Path) -> None:
    """A linked folder travels as its files; no link brings out what stays."""
    root = make(
        tmp_path / "p", "w.py", "assets/a.csv", "assets/.env", ".env", "in/x.py"
    )
    (root / "data").symlink_to("assets", target_is_directory=True)
    (root / "settings.txt").symlink_to(".env")
    (root / "in/again").symlink_to("..", target_is_directory=True)
    (root / "out").symlink_to(make(tmp_path / "other", "y"), target_is_directory=True)
    assert names(root) == ["assets/a.csv", "data/a.csv", "in/x.py", "w.py"]
