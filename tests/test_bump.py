from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
bump = runpy.run_path(str(ROOT / "scripts/bump.py"))["bump"]
LINE = re.compile(r"\bdotflow[-a-z]*(?:\[[^\]]*\])?>=([\w.]+)")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy the files that hold a version."""
    sources = [ROOT / "VERSION.py", *ROOT.glob("packages/*/pyproject.toml")]
    sources.append(ROOT / "packages/dotflow-core/src/dotflow/__about__.py")
    sources += [*ROOT.glob("*.md"), *ROOT.glob("packages/*/*.md")]
    for folder in ("changelog.d", "docs", "examples"):
        sources += (ROOT / folder).rglob("*.md")
    for source in sources:
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return tmp_path


def snapshot(root: Path) -> dict[Path, str]:
    """Read every file under a folder."""
    return {p: p.read_text("utf-8") for p in root.rglob("*") if p.is_file()}


def test_bump_changes_every_version(checkout: Path) -> None:
    """A bump leaves no mention of the version before it."""
    bump("9.8.7b2", checkout)
    before = snapshot(checkout)
    bump("9.8.8rc1", checkout)
    after = snapshot(checkout)
    assert after == {p: t.replace("9.8.7b2", "9.8.8rc1") for p, t in before.items()}
    assert sum("9.8.8rc1" in text for text in after.values()) >= 3


def test_bump_reaches_every_line_to_install(checkout: Path) -> None:
    """Wherever somebody reads what to install, it is the version of now."""
    bump("9.8.7", checkout)
    pages = {p: t for p, t in snapshot(checkout).items() if p.suffix == ".md"}
    said = [(p, v) for p, t in pages.items() for v in LINE.findall(t)]
    assert len(said) > 20
    assert not [(path, version) for path, version in said if version != "9.8.7"]


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("9.8.7a1", "3 - Alpha"),
        ("9.8.7rc1", "4 - Beta"),
        ("9.8.7", "5 - Production/Stable"),
    ],
)
def test_bump_says_how_far_along_it_is(
    checkout: Path, version: str, status: str
) -> None:
    """The classifier of each package follows from the version."""
    bump(version, checkout)
    texts = [path.read_text("utf-8") for path in checkout.glob("packages/*/*.toml")]
    assert len(texts) > 10
    assert all(text.count(f'"Development Status :: {status}"') == 1 for text in texts)


def test_bump_changes_nothing_else(checkout: Path) -> None:
    """A bump there and back leaves every file as it was."""
    before = snapshot(checkout)
    version = before[checkout / "VERSION.py"].split('"')[-2]
    assert bump("9.8.7", checkout)
    bump(version, checkout)
    assert snapshot(checkout) == before


@pytest.mark.parametrize("version", ["", "2", "2.0", "v2.0.0", "2.0.0-alpha", "../x"])
def test_bump_refuses_what_is_no_version(version: str, checkout: Path) -> None:
    """A typing mistake changes no file."""
    before = snapshot(checkout)
    with pytest.raises(SystemExit, match="is not a version"):
        bump(version, checkout)
    assert snapshot(checkout) == before
