"""Puts into the wheel a second time what an upgrade from dotflow 1.x removes: ADR 11."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KeptFiles(BuildHookInterface[Any]):
    """Adds `dotflow.py` and `dotflow/kept.d` to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to be added.

        Args:
            version: Which kind of wheel; an editable one has no files that pip removes.
            build_data: What the builder takes from here.
        """
        if version == "editable":
            return
        root = Path(self.root).absolute()
        here = root / "upgrade"
        added = build_data["force_include"]
        added[str(here / "dotflow.py")] = "dotflow.py"
        # Copies, since the builder includes each file once.
        self._copies = Path(tempfile.mkdtemp())
        for name in (here / "files_of_1_0_1.txt").read_text("utf-8").split():
            source = root / "src" / name
            if source.exists():
                copy = self._copies / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)
                added[str(copy)] = name.replace("dotflow/", "dotflow/kept.d/", 1)

    def finalize(
        self, version: str, build_data: dict[str, Any], artifact_path: str
    ) -> None:
        """Remove the copies.

        Args:
            version: As of `initialize`.
            build_data: As of `initialize`.
            artifact_path: The wheel.
        """
        if version != "editable":
            shutil.rmtree(self._copies)
