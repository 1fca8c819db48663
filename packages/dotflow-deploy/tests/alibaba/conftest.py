"""Function Compute on loopback, and someone signed in to it."""

from __future__ import annotations

import importlib.util
import os
import sys
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
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
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
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    # 0 is pip's way to say yes here: hatchling is that of this environment.
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    yield fake
    fake.close()


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a recording `docker` first on PATH; return its folder."""
    home = tmp_path / "docker"
    program = home / "bin" / "docker"
    program.parent.mkdir(parents=True)
    fake = Path(__file__).parents[1] / "fakes" / "docker.py"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{fake}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("FAKE_DOCKER", str(home))
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return home
