"""Check what the forge reads from `.github`: part of `hatch run lint`.

Each file against its schema, which check-jsonschema ships, and the workflows by zizmor,
without a network: pinned actions, least rights, no text of a stranger in a shell.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

GITHUB = Path(__file__).resolve().parent.parent / ".github"
# In this order: a file is checked by the first that names it.
SCHEMAS = {
    "workflows/*.yml": "vendor.github-workflows",
    "dependabot.yml": "vendor.dependabot",
    "ISSUE_TEMPLATE/config.yml": "vendor.github-issue-config",
    "ISSUE_TEMPLATE/*.yml": "vendor.github-issue-forms",
}


def commands(folder: Path) -> list[list[str]]:
    """Return the programs to run, with the files of a `.github`."""
    checks = []
    left = set(folder.rglob("*.yml"))
    for pattern, schema in SCHEMAS.items():
        files = left.intersection(folder.glob(pattern))
        left -= files
        names = sorted(map(str, files))
        checks.append(["check-jsonschema", "--builtin-schema", schema, *names])
    if left:
        raise SystemExit(f"no schema is known for {', '.join(sorted(map(str, left)))}")
    return [*checks, ["zizmor", "--offline", "--quiet", "--no-progress", str(folder)]]


if __name__ == "__main__":
    # All of them, so that one run tells everything.
    codes = [subprocess.run(command).returncode for command in commands(GITHUB)]
    sys.exit(any(codes))
