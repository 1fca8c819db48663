"""Quarantine: rows that were put aside, with the reason, for somebody to look at."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from dataset import Row, replacing

REJECTED = ("source", "line", "reason", "row")


class Rejects:
    """Writes rejected rows to a file as they come.

    Args:
        file: The file.
        source: The name of the source that the rows come from.

    Attributes:
        count: How many there were so far.
    """

    def __init__(self, file: TextIO, source: str) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(REJECTED)
        self._source = source
        self.count = 0

    def add(self, line: str, reason: str, row: Row) -> None:
        """Put a row aside.

        Args:
            line: Its line in the source.
            reason: What is wrong with it.
            row: The row.
        """
        self._writer.writerow((self._source, line, reason, json.dumps(row)))
        self.count += 1


@contextmanager
def rejecting(path: Path, source: str) -> Iterator[Rejects]:
    """Open a file for rejected rows; it is there, whole, once the block succeeds."""
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        yield Rejects(file, source)
