"""Check that what the Markdown files link to in the repository is there: `hatch run docs`.

Links to files and to their headings; addresses elsewhere are not asked.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def dead(root: Path, files: list[Path]) -> list[str]:
    """List the links that lead nowhere, each with its file.

    Args:
        root: Top of the repository; a link that begins with `/` is from there.
        files: The Markdown files to read.
    """
    found = []
    for file in files:
        for first, second in LINK.findall(CODE.sub("", file.read_text("utf-8"))):
            link = first or second
            if re.match(r"[a-z][a-z0-9+.-]*:", link):
                continue
            path, _, anchor = link.partition("#")
            target = file
            if path:
                # A fragment becomes a part of the changelog at the top.
                is_fragment = (
                    file.parent.name == "changelog.d" and file.stem != "README"
                )
                here = root if is_fragment or path[0] == "/" else file.parent
                target = here / path.lstrip("/")
            if not target.exists() or (anchor and anchor not in anchors(target)):
                found.append(f"{file.relative_to(root).as_posix()}: {link}")
    return found


def anchors(file: Path) -> set[str]:
    """Name the headings of a Markdown file as links do."""
    text = FENCE.sub("", file.read_text("utf-8"))
    plain = (re.sub(r"[^\w\- ]", "", h.lower()) for h in HEADING.findall(text))
    return {words.strip().replace(" ", "-") for words in plain}


def main() -> None:
    """Check all Markdown files that git knows of."""
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split("\n")
    files = [ROOT / name for name in listed if name and (ROOT / name).is_file()]
    if links := dead(ROOT, files):
        sys.exit("\n".join(["These links lead nowhere:", *links]))
    print(f"The links of {len(files)} Markdown files lead somewhere")


if __name__ == "__main__":
    main()
