"""Function Compute on loopback, and someone signed in to it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SECRET_KEY = "the-secret-of-the-access-key"


def _load() -> Any:
    path = Path(__file__).with_name("fake_compute.py")
    spec = importlib.util.spec_from_file_location("deploy_tests_fake_compute", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
