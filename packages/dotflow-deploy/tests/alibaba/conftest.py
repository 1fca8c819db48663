"""Function Compute on loopback, and someone signed in to it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dotflow_deploy.build import Echo, ZipBuilder

SECRET_KEY = "the-secret-of-the-access-key"


def _load() -> Any:
    path = Path(__file__).with_name("fake_compute.py")
    spec = importlib.util.spec_from_file_location("deploy_tests_fake_compute", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
    fakes = _load()
    fake = fakes.FakeCompute()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALIBABA_CLOUD_FC_ENDPOINT", fake.url)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", fakes.KEY)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET_KEY)
    monkeypatch.delenv("ALIBABA_CLOUD_SECURITY_TOKEN", raising=False)
    monkeypatch.delenv("ALIBABA_CLOUD_PROFILE", raising=False)
    yield fake
    fake.close()
