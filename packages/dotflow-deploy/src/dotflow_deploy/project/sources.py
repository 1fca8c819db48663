"""Requirements that name a folder, a file or a repository, and not what an index has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_EDITABLE: Final = re.compile(r"(?:-e|--editable)[ =]*(.+)")
_NAMED: Final = re.compile(r"[A-Za-z0-9][\w.-]*\s*(?:\[[\w,. -]*\])?\s*@\s*(.+)")
_MORE: Final = re.compile(r"(?:-r|--requirement)[ =]*(.+)")
_BOUNDS: Final = re.compile(r"(-c|--constraint)[ =]*(.+)")
_EXTRAS: Final = re.compile(r"(\[[\w,. -]+\])$")
_COMMENT: Final = re.compile(r"(^|\s)#.*$")
_WHEEL: Final = (".whl",)


@dataclass(frozen=True)
class Source:
    """Where a distribution is built from.

    Attributes:
        place: A path, or an address as pip takes it.
        extras: `"[fast]"`, or `""`.
        condition: What stands behind a `;`, `""` for always.
    """

    place: str
    extras: str = ""
    condition: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it is a path of this machine."""
        return "://" not in self.place or self.place.startswith("file:")

    def path(self, root: Path) -> Path:
        """Return the path, of one that is local.

        Args:
            root: The folder that it is relative to.
        """
        from urllib.parse import unquote, urlsplit

        if self.place.startswith("file:"):
            return root / unquote(urlsplit(self.place).path)
        return root / self.place


def source_of(line: str) -> Source | None:
    """Return what a line of requirements is built from, None for what is of an index.

    Args:
        line: The line.
    """
    text, _, condition = _COMMENT.sub("", line).strip().partition(" ;")
    text = text.strip()
    if found := _EDITABLE.fullmatch(text) or _NAMED.fullmatch(text):
        text = found[1].strip().strip("'\"")
    elif not text.startswith((".", "/", "file:", "git+", "hg+", "svn+", "bzr+")):
        return None
    if text.endswith(_WHEEL):
        return None  # made already: pip takes it as it is
    extras = _EXTRAS.search(text)
    place = text[: extras.start()] if extras and "://" not in text else text
    return Source(place, extras[1] if extras and place != text else "", condition)


def flat_lines(path: Path) -> Iterator[str]:
    """Give the lines of a file of requirements, with those of files that it names.

    Args:
        path: The file.

    Raises:
        OSError: One of them is not there.
    """
    for line in _joined(path.read_text(encoding="utf-8").splitlines()):
        text = _COMMENT.sub("", line).strip()
        if more := _MORE.fullmatch(text):
            yield from flat_lines(path.parent / more[1].strip())
        elif bounds := _BOUNDS.fullmatch(text):
            where = bounds[2].strip()
            given = where if "://" in where else str((path.parent / where).resolve())
            yield f"{bounds[1]} {given}"
        elif text:
            yield line


def _joined(lines: list[str]) -> Iterator[str]:
    whole = ""
    for line in lines:
        whole += line
        if whole.endswith("\\"):
            whole = whole[:-1] + " "
        else:
            yield whole
            whole = ""
    if whole:
        yield whole
