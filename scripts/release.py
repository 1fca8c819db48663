"""Make a release up to its tag: `hatch run release 2.0.0`.

Sets the version, moves the fragments into the changelog, builds, checks what was built,
commits and tags. Nothing leaves this machine: the last line says what to push, which has
the workflow `release.yml` publish it. It begins only where nothing else has changed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = Path(__file__).resolve().parent
STEPS = (("bump.py", "{version}"), ("changelog.py",), ("rehearse.py", "files"))


def main(version: str) -> None:
    """Make the release.

    Args:
        version: Its version, such as `2.0.0`.
    """
    tag = f"v{version}"
    if git("status", "--porcelain"):
        raise SystemExit("there are changes that are not committed: commit them first")
    if git("tag", "--list", tag):
        raise SystemExit(f"there is a tag {tag} already: a release is made once")
    try:
        for script, *arguments in STEPS:
            line = [argument.format(version=version) for argument in arguments]
            subprocess.run(
                [sys.executable, SCRIPTS / script, *line], cwd=ROOT, check=True
            )
    except subprocess.CalledProcessError as error:
        git("checkout", "--", ".")
        raise SystemExit(f"{error}; all files are as they were") from error
    git("commit", "--quiet", "--all", "--message", f"Release {version}")
    git("tag", "--annotate", tag, "--message", f"dotflow {version}")
    print(f"Tagged {tag}. To publish it: git push origin HEAD {tag}")


def git(*arguments: str) -> str:
    """Return what a command of git says.

    Raises:
        SystemExit: It fails; git has said why.
    """
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(f"git {arguments[0]} failed")
    return done.stdout.strip()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
