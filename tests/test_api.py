"""What the record of the public API says, and what it leaves out."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytest.importorskip("griffe")

ROOT = Path(__file__).resolve().parent.parent
TOOL = runpy.run_path(str(ROOT / "scripts/api.py"))
SOURCE = {
    "__init__.py": """
from dotflow_attic.inside import Box as Box
from dotflow_attic.inside import hidden
__all__ = ["Box", "open_box"]
async def open_box(box: Box, *, hard: bool = False) -> int: ...
""",
    "inside.py": """
class _Base:
    def close(self) -> None: ...
class Box(_Base):
    size: int
    __slots__ = ("size",)
    def __init__(self, size: int = 3) -> None: ...
    def _secret(self) -> None: ...
    @property
    def full(self) -> bool: ...
def hidden() -> None: ...
""",
}
API = """\
class dotflow_attic.Box(_Base)
dotflow_attic.Box.__init__(size: int = 3) -> None
dotflow_attic.Box.close() -> None
dotflow_attic.Box.full: bool
dotflow_attic.Box.size: int
async dotflow_attic.open_box(box: Box, *, hard: bool = False) -> int
"""


def test_the_record_names_what_users_see(tmp_path: Path) -> None:
    """Public names stand in the record with their signatures, inner ones do not."""
    folder = tmp_path / "packages/dotflow-attic/src/dotflow_attic"
    folder.mkdir(parents=True)
    for name, text in SOURCE.items():
        (folder / name).write_text(text, encoding="utf-8")
    loader = TOOL["load"](["dotflow_attic"], tmp_path)
    assert TOOL["api"](loader, "dotflow_attic") == API
