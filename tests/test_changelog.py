from __future__ import annotations

import runpy
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
changelog = runpy.run_path(str(ROOT / "scripts/changelog.py"))
BEFORE = """# Changelog

## [Unreleased]

### Added

- One.

### Fixed

- Two.

## [1.0.0] - 2020-01-01

- Old.
"""
AFTER = """# Changelog

## [Unreleased]

## [1.1.0] - 2021-02-03

### Added

- One.
- Three.

### Fixed

- Two.

### Security

- Four,
  in two lines.

## [1.0.0] - 2020-01-01

- Old.
"""


def test_a_release_takes_the_fragments() -> None:
    """At a release the fragments stand under its version, each under its kind."""
    items = {"added": ["- Three.\n"], "security": ["- Four,\n  in two lines.\n"]}
    assert changelog["release"](BEFORE, items, "1.1.0", date(2021, 2, 3)) == AFTER


def test_the_first_release() -> None:
    """A changelog without a release before gets its first section."""
    text = changelog["release"](
        "# Changelog\n\n## [Unreleased]\n", {"fixed": ["- It."]}, "1", date(2021, 2, 3)
    )
    assert text.endswith("## [1] - 2021-02-03\n\n### Fixed\n\n- It.\n")


@pytest.mark.parametrize("name", ["it.md", "it.better.md", "it.added.md"])
def test_a_fragment_says_its_kind(tmp_path: Path, name: str) -> None:
    """A fragment without a kind or an item is refused, and the text says how it goes."""
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    (folder / name).write_text("text", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"<what>\.<kind>\.md"):
        changelog["fragments"](tmp_path)


def test_the_fragments_here_can_be_read() -> None:
    """Every fragment of this checkout can be released."""
    assert set(changelog["fragments"](ROOT).values()) <= set(changelog["KINDS"])
