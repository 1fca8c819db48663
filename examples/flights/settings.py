"""What a run is told from outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The options of a run.

    Attributes:
        output: The folder for everything the run writes.
        rows: How many flights to read; None for all.
    """

    output: Path
    rows: int | None = None

    @property
    def work(self) -> Path:
        """The folder of the files between the steps."""
        return self.output / "work"

    @property
    def database(self) -> Path:
        """The result."""
        return self.output / "flights.db"

    @property
    def checkpoints(self) -> Path:
        """Where the run keeps what it has completed."""
        return self.output / "runs.db"
