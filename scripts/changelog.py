"""Put the fragments of `changelog.d` into CHANGELOG.md at a release: `hatch run changelog`.

A change that users notice brings a file `changelog.d/<what>.<kind>.md` with an item of
a list, so that no two changes meet in one line of CHANGELOG.md. Here they become a part
of the section of the version in `VERSION.py`. `--check` writes nothing, and fails while
there are fragments or one that cannot be read.
"""

from __future__ import annotations

import re
import runpy
import sys
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
UNRELEASED = "## [Unreleased]"


def fragments(root: Path) -> dict[Path, str]:
    """Read the fragments, each with its kind.

    Args:
        root: Top of the repository.
    """
    found = {}
    for path in sorted((root / "changelog.d").glob("*.md")):
        if path.name == "README.md":
            continue
        kind = path.stem.rpartition(".")[2]
        if kind not in KINDS or not path.read_text("utf-8").startswith("- "):
            raise SystemExit(
                f"changelog.d/{path.name} is no fragment: name it <what>.<kind>.md with "
                f"one of {', '.join(KINDS)}, and begin it with '- '"
            )
        found[path] = kind
    return found


def release(text: str, items: dict[str, list[str]], version: str, day: date) -> str:
    """Return the changelog with a section for a version.

    Args:
        text: What CHANGELOG.md says, maybe with items under "Unreleased" already.
        items: New ones, by kind.
        version: The version that is released.
        day: The day of it.
    """
    head, _, rest = text.partition(f"{UNRELEASED}\n")
    end = re.search(r"^(## |\[)", rest, re.MULTILINE)
    section, after = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    for kind in KINDS:
        if kind in items:
            section = _with(section, f"### {kind.capitalize()}\n", items[kind])
    title = f"## [{version}] - {day.isoformat()}"
    new = f"{head}{UNRELEASED}\n\n{title}\n\n{section.strip()}\n"
    return f"{new}\n{after}" if after else new


def _with(section: str, title: str, items: list[str]) -> str:
    """Add items to the part of a section under a title, or such a part."""
    new = "".join(f"{item.strip()}\n" for item in items)
    before, found, after = section.partition(title)
    if not found:
        return f"{section.rstrip()}\n\n{title}\n{new}"
    own, more, others = after.partition("\n### ")
    return f"{before}{title}{own.rstrip()}\n{new}{more}{others}"


def main() -> None:
    """Build the changelog, or tell what a release would still have to put there."""
    found = fragments(ROOT)
    if "--check" in sys.argv[1:]:
        if found:
            names = ", ".join(path.name for path in found)
            raise SystemExit(f"not in CHANGELOG.md yet: {names}")
        return
    if not found:
        raise SystemExit("changelog.d has no fragments: there is nothing to release")
    items: dict[str, list[str]] = {}
    for path, kind in found.items():
        items.setdefault(kind, []).append(path.read_text("utf-8"))
    changelog = ROOT / "CHANGELOG.md"
    version = runpy.run_path(str(ROOT / "VERSION.py"))["__version__"]
    text = changelog.read_text("utf-8")
    text = release(text, items, version, datetime.now(UTC).date())
    changelog.write_text(text, encoding="utf-8", newline="\n")
    for path in found:
        path.unlink()
    print(f"CHANGELOG.md has {len(found)} fragments more, under {version}")


if __name__ == "__main__":
    main()
