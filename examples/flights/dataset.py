"""What travels between the steps: a small record that points to a CSV file.

A step's result is stored as its checkpoint, so it should be small. The rows themselves
are in files, each written under another name first and renamed once it is whole: where
a checkpoint says that a file is there, all of it is.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]


@dataclass(frozen=True)
class Dataset:
    """Rows in a CSV file.

    Attributes:
        path: The file; its first line names the columns.
        rows: How many rows it has.
        rejected_path: The rows that the step has taken out, if it takes any out.
        rejected: How many those are.
    """

    path: Path
    rows: int
    rejected_path: Path | None = None
    rejected: int = 0

    def beside(self, name: str) -> Path:
        """Return the path of another file in the same folder."""
        return self.path.with_name(name)


def read(path: Path) -> Iterator[Row]:
    """Read the rows of a file, one by one."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def write(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> int:
    """Write rows to a file, whole or not at all.

    Returns:
        The number of rows.
    """
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path, and rename it to `path` if the block succeeds.

    A run that was killed may have left such a file: it is removed first, so a repeated
    step always starts from nothing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    yield part
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)
