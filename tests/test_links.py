from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
dead = runpy.run_path(str(ROOT / "scripts/links.py"))["dead"]


def test_dead_links_are_found(tmp_path: Path) -> None:
    """A link to a file or heading that is not there is told with its file."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A `name`, and more\n"
        "[here](#a-name-and-more) [it](page.md) [top](/page.md#a-name-and-more)\n"
        "[far](https://example.org) `[code](gone.md)`\n"
        "```\n# Not one\n[code](gone.md)\n```\n"
        "[file](gone.md) [heading](#not-one)\n"
        "[ref]: gone-too.md\n",
        encoding="utf-8",
    )
    gone = ("gone.md", "#not-one", "gone-too.md")
    assert dead(tmp_path, [page]) == [f"page.md: {link}" for link in gone]
