"""Wheels that are made on the spot, and a pip that finds those alone."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

MakeWheel = Callable[..., Path]


@pytest.fixture(autouse=True)
def offline(
    offline_pip: None, monkeypatch: pytest.MonkeyPatch, wheels: Path, tmp_path: Path
) -> Path:
    """Let pip find the wheels of a folder alone, and build with what is here."""
    links = tmp_path / "links"
    links.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", f"{wheels} {links}")
    return links


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
