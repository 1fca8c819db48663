from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "packages" / "dotflow-core"
DOCUMENTS = [CORE / "ARCHITECTURE.md", *sorted(ROOT.glob("docs/adr/*.md"))]
# Where a path in a text may begin.
BEGINNINGS = (ROOT, CORE, CORE / "src" / "dotflow")
# `engine/loop.py`, `engine/maps/`, `GUARANTEES.md`; no command, glob or placeholder.
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|md|toml|ini)))`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


GUARANTEES = (ROOT / "GUARANTEES.md").read_text("utf-8")
READMES = sorted(ROOT.glob("packages/*/README.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_exists(document: Path) -> None:
    """What the architecture and the decisions name is where they say."""
    assert not _missing(document.read_text("utf-8"), BEGINNINGS)
    assert not _missing_links(document)


def test_every_promise_has_its_test() -> None:
    """Each test that GUARANTEES.md names is there."""
    named = re.findall(r"`(?:([\w/.-]*test_\w+\.py)::)?(test_\w+)`", GUARANTEES)
    assert named
    # The suites for providers are a part of the library.
    places = ("**/test_*.py", "packages/dotflow-core/src/dotflow/testing/*.py")
    texts = {path: path.read_text("utf-8") for at in places for path in ROOT.glob(at)}
    for file, test in named:
        where = [
            text
            for path, text in texts.items()
            if path.match(Path(file).name or "*.py")
        ]
        assert any(f"def {test}(" in text for text in where), (file, test)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_a_package_tells_of_its_inside(readme: Path) -> None:
    """Each README has a paragraph on the package's inside, whose files are there."""
    _, heading, inside = readme.read_text("utf-8").partition("\n## Inside\n")
    assert heading
    package = readme.parent
    assert not _missing(inside, (package, *package.glob("src/*")))
    assert not _missing_links(readme)


def _missing(text: str, beginnings: Iterable[Path]) -> list[str]:
    folders = list(beginnings)
    return [
        path
        for path in PATH.findall(text)
        if not any((folder / path).exists() for folder in folders)
    ]


def _missing_links(document: Path) -> list[str]:
    links = LINK.findall(document.read_text("utf-8"))
    return [link for link in links if not (document.parent / link).exists()]


def test_every_decision_is_short_and_listed() -> None:
    """A decision says why, what and what follows on one page, which the index names."""
    index = (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    for document in sorted(ROOT.glob("docs/adr/[0-9]*.md")):
        lines = document.read_text("utf-8").splitlines()
        headings = [line for line in lines if line.startswith("## ")]
        assert headings == ["## Context", "## Decision", "## Consequences"], document
        assert len(lines) <= 60, document
        assert document.name in index
