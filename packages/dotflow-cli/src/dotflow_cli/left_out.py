"""What of a project never leaves the machine, whatever its ignore files say.

One list serves packages, images and uploads of dotflow-deploy, and the files that
`dotflow init` writes.
"""

from __future__ import annotations

from typing import Final

# First, for the later ones win: code and data whose name begins with `id_`.
KEYS: Final = ("**/id_*", "!**/id_*/**", "!**/id_*.*", "**/id_*.pub")

SECRETS: Final = (
    *KEYS,
    # Variables of an environment.
    "**/.env",
    "**/.env.*",
    "**/*.env",
    "**/.envrc",
    # Logins of tools.
    "**/.npmrc",
    "**/.yarnrc.yml",
    "**/.pypirc",
    "**/.netrc",
    "**/_netrc",
    "**/.pgpass",
    "**/.my.cnf",
    "**/.git-credentials",
    "**/.docker/config.json",
    "**/.dockercfg",
    "**/.kube",
    "**/kubeconfig",
    "**/*.kubeconfig",
    "**/.config/gcloud",
    "**/.config/gh",
    "**/.config/rclone",
    "**/.aws",
    "**/.azure",
    "**/.aliyun",
    "**/.oci",
    "**/.ssh",
    "**/.gnupg",
    "**/.streamlit/secrets.toml",
    # Private keys, their stores, and certificates that may hold one.
    "**/id_rsa*",
    "**/id_dsa*",
    "**/id_ecdsa*",
    "**/id_ed25519*",
    "**/*.pem",
    "**/*.key",
    "**/*.p12",
    "**/*.pfx",
    "**/*.jks",
    "**/*.keystore",
    "**/*.ppk",
    # Keys of service accounts.
    "**/credentials.json",
    "**/service-account*.json",
    "**/service_account*.json",
    "**/serviceaccount*.json",
    "**/application_default_credentials.json",
    # Infrastructure, with what it was given.
    "**/.terraform",
    "**/*.tfstate",
    "**/*.tfstate.*",
    "**/*.tfvars",
    "**/*.tfvars.json",
    "**/secrets.*",
)
"""Patterns, as in a `.dockerignore`, of what may hold a secret."""

MADE: Final = (
    # Results, with the log of what is not written yet.
    "**/*.db",
    "**/*.db-wal",
    "**/*.db-shm",
    "**/*.db-journal",
    "**/.output",
    "**/.dotflow",
    "**/.git",
    "**/.hg",
    "**/.venv",
    "/venv",
    "**/node_modules",
    "**/__pycache__",
    "**/*.pyc",
    "**/*.egg-info",
    "**/.*_cache",
    "**/.tox",
    "**/.nox",
    # At the top only: a package of that name is code.
    "/build",
    "/dist",
)
"""The same of what is made on each machine anew, and left there."""

# In git a folder that is left out takes all in it with it.
_AS_GIT: Final = {"!**/id_*/**": "!**/id_*/"}


def docker_lines() -> list[str]:
    """Return the list as lines of a `.dockerignore`."""
    return [line.removeprefix("/") for line in SECRETS + MADE]


def git_lines() -> list[str]:
    """Return the list as lines of a `.gitignore`, and of what follows its rules."""
    return [_as_git(_AS_GIT.get(line, line)) for line in SECRETS + MADE]


def _as_git(line: str) -> str:
    """Return a line without what git takes for granted: a mere name fits anywhere."""
    sign = "!" if line.startswith("!") else ""
    name = line.removeprefix("!").removeprefix("**/")
    return f"{sign}{name}" if "/" not in name.rstrip("/") else line
