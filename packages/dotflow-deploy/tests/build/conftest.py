"""Wheels that are made on the spot, and a pip that finds those alone."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

MakeWheel = Callable[..., Path]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, wheels: Path, tmp_path: Path) -> Path:
    """Let pip find the wheels of a folder alone, and build with what is here."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    links = tmp_path / "links"
    links.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{wheels} {links}")
    # pip takes 0 for "without isolation".
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")
    return links


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the recording `docker` first on PATH; return its folder."""
    home = tmp_path / "docker"
    program = home / "bin" / "docker"
    program.parent.mkdir(parents=True)
    fake = Path(__file__).parents[1] / "fakes" / "docker.py"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{fake}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("FAKE_DOCKER", str(home))
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return home


@pytest.fixture
def make_wheel(offline: Path) -> MakeWheel:
    """Return what makes a wheel of one module, for pip to find."""

    def make(
        name: str,
        *,
        needs: Sequence[str] = (),
        tag: str = "py3-none-any",
        text: str = "",
        version: str = "1.0",
    ) -> Path:
        path = offline / f"{name}-{version}-{tag}.whl"
        info = f"{name}-{version}.dist-info"
        lines = [f"Requires-Dist: {line}\n" for line in needs]
        files = {
            f"{name}/__init__.py": text,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\n"
            f"Version: {version}\n{''.join(lines)}",
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
            f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
        }
        record = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
        with zipfile.ZipFile(path, "w") as made:
            for file, content in {**files, f"{info}/RECORD": record}.items():
                made.writestr(file, content)
        return path

    return make
