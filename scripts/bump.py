"""Set the version of every distribution: `hatch run bump 2.0.0`.

Changes `VERSION.py`, the core's `__about__.py`, the versions that the packages require of
each other, and the lines to install that the documentation has.
`tests/test_distributions.py` checks that these agree.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LITERALS = ("VERSION.py", "packages/dotflow-core/src/dotflow/__about__.py")
VERSION = re.compile(r'(?<=^__version__ = ")[^"]+', re.MULTILINE)
# Any requirement of ours, with or without an extra: dotflow-core~=, dotflow-x[y]==.
PIN = re.compile(r'(?<=")(dotflow[a-z0-9-]*(?:\[[^\]]*\])?(?:~=|==))[^"]+')
# What a user types; while there are only pre-releases, pip has to be told of them.
TYPED = re.compile(r'(?<=")(dotflow(?:\[[^\]]*\])?>=)[^"]+')
PUBLIC = re.compile(r"\d+\.\d+\.\d+((a|b|rc|\.dev|\.post)\d+)?")


def bump(version: str, root: Path = ROOT) -> list[Path]:
    """Write a version everywhere it stands.

    Args:
        version: The new version, such as `2.0.0` or `2.1.0rc1`.
        root: Top of the repository.

    Returns:
        The files that changed.
    """
    if not PUBLIC.fullmatch(version):
        raise SystemExit(f"{version!r} is not a version such as 2.0.0, 2.1.0rc1")
    changed = []
    edits = [(root / name, VERSION, version) for name in LITERALS]
    edits += [
        (path, PIN, rf"\g<1>{version}")
        for path in sorted(root.glob("packages/*/pyproject.toml"))
    ]
    edits += [
        (path, TYPED, rf"\g<1>{version}")
        for pages in ("*.md", "docs/**/*.md", "packages/*/*.md")
        for path in sorted(root.glob(pages))
    ]
    for path, pattern, replacement in edits:
        before = path.read_text(encoding="utf-8")
        after = pattern.sub(replacement, before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    for path in bump(sys.argv[1]):
        print(path.relative_to(ROOT))
