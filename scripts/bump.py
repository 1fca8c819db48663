"""Set the version of every distribution: `hatch run bump 2.0.0`.

Changes `VERSION.py`, the core's `__about__.py`, the versions that the packages require of
each other, how far along their classifiers say they are, and the lines to install that the
documentation has.
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
TYPED = re.compile(r'(?<=")(dotflow(?:-core|\[[^\]]*\])?>=)[^"]+')
PAGES = (
    "*.md",
    "changelog.d/*.md",
    "docs/**/*.md",
    "examples/*/*.md",
    "packages/*/*.md",
)
STATUS = re.compile(r"(?<=Development Status :: )[^\"]+")
# By the kind of a version, which is "" for one that is final.
STATUSES = {
    ".dev": "2 - Pre-Alpha",
    "a": "3 - Alpha",
    "b": "4 - Beta",
    "rc": "4 - Beta",
    "": "5 - Production/Stable",
    ".post": "5 - Production/Stable",
}
PUBLIC = re.compile(r"\d+\.\d+\.\d+(?:(?P<kind>a|b|rc|\.dev|\.post)\d+)?")


def bump(version: str, root: Path = ROOT) -> list[Path]:
    """Write a version everywhere it stands.

    Args:
        version: The new version, such as `2.0.0` or `2.1.0rc1`.
        root: Top of the repository.

    Returns:
        The files that changed.
    """
    public = PUBLIC.fullmatch(version)
    if public is None:
        raise SystemExit(f"{version!r} is not a version such as 2.0.0, 2.1.0rc1")
    changed = []
    edits = [(root / name, VERSION, version) for name in LITERALS]
    edits += [
        (path, PIN, rf"\g<1>{version}")
        for path in sorted(root.glob("packages/*/pyproject.toml"))
    ]
    edits += [
        (path, STATUS, STATUSES[public["kind"] or ""])
        for pattern in ("packages/*/pyproject.toml", "scripts/new_provider/*.toml.txt")
        for path in sorted(root.glob(pattern))
    ]
    edits += [
        (path, TYPED, rf"\g<1>{version}")
        for pages in PAGES
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
