"""A pipeline that is killed goes on in a new process, from the files that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotflow.testing import PipelineResumeContract

if TYPE_CHECKING:
    from pathlib import Path


class TestFile(PipelineResumeContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.url = f"file:{tmp_path / 'kept'}"

    def storage_url(self) -> str:
        return self.url


class TestSQLite(PipelineResumeContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.url = f"sqlite:///{tmp_path / 'kept.db'}"

    def storage_url(self) -> str:
        return self.url
