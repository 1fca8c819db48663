"""Function Compute on loopback, and someone signed in to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from dotflow_deploy.build import Echo, ZipBuilder

if TYPE_CHECKING:
    from pathlib import Path

SECRET_KEY = "the-secret-of-the-access-key"


@pytest.fixture(autouse=True)
def built_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Package the same code once for all tests, which pip takes a second for."""
    folder = tmp_path_factory.getbasetemp() / "zips"
    folder.mkdir(exist_ok=True)
    build = ZipBuilder.build

    def remembered(self: ZipBuilder, echo: Echo) -> Path:
        kept = folder / f"{self.digest}.zip"
        if not kept.exists():
            shutil.copy(build(self, echo), kept)
        return kept

    monkeypatch.setattr(ZipBuilder, "build", remembered)


@pytest.fixture
def compute(
    tmp_path: Path, offline_pip: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Give a region without functions, sign in, and let pip find our wheels."""
    import fake_compute

    fake = fake_compute.FakeCompute()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALIBABA_CLOUD_FC_ENDPOINT", fake.url)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", fake_compute.KEY)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET_KEY)
    monkeypatch.delenv("ALIBABA_CLOUD_SECURITY_TOKEN", raising=False)
    monkeypatch.delenv("ALIBABA_CLOUD_PROFILE", raising=False)
    yield fake
    fake.close()
