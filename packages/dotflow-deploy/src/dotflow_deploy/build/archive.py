"""A zip file that is the same byte for byte whenever and wherever it is made."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# The first moment that a zip file can tell of.
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)

_UNIX: Final = 3
_LEVEL: Final = 9


def write_archive(path: Path, entries: Mapping[str, Path | bytes]) -> None:
    """Write a zip file of entries, sorted, all of one moment.

    Args:
        path: Where to.
        entries: Files, or what they hold, by their name in the archive. Everyone can
            read them; what its owner may execute, everyone may.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as made:
        for name in sorted(entries):
            entry = entries[name]
            info = zipfile.ZipInfo(name, _MOMENT)
            # Python writes here what it runs on, which may be Windows.
            info.create_system = _UNIX
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (stat.S_IFREG | _mode(entry)) << 16
            content = entry.read_bytes() if isinstance(entry, Path) else entry
            made.writestr(info, content, compresslevel=_LEVEL)


def size(entry: Path | bytes) -> int:
    """Return how large an entry is before it is compressed, in bytes."""
    return entry.stat().st_size if isinstance(entry, Path) else len(entry)


def _mode(entry: Path | bytes) -> int:
    executable = isinstance(entry, Path) and entry.stat().st_mode & stat.S_IXUSR
    return 0o755 if executable else 0o644
