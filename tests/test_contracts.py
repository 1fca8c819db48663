"""What `hatch run lint` says of an import that no floor allows."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("importlinter")

ROOT = Path(__file__).resolve().parent.parent
CORE = Path("packages/dotflow-core")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy what the contracts of the core are about."""
    for part in (CORE / "src", CORE / "contracts", Path("scripts/contracts.py")):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / part, tmp_path / part)
    return tmp_path


def check(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, checkout / "scripts" / "contracts.py"],
        cwd=checkout,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("model/context.py", "import dotflow.engine.loop"),
        ("model/context.py", "def late():\n    import dotflow.engine.loop"),
        ("engine/loop.py", "import dotflow.core.task"),
    ],
)
def test_an_import_upwards_is_refused(checkout: Path, module: str, line: str) -> None:
    """Lint fails where a module imports from a floor above its own, or a door."""
    with (checkout / CORE / "src/dotflow" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    result = check(checkout)
    assert result.returncode == 1
    assert "broken: packages/dotflow-core/contracts/floors.ini" in result.stderr


def test_every_package_has_its_floor(checkout: Path) -> None:
    """Lint fails where a new package of the core stands on no floor."""
    package = checkout / CORE / "src/dotflow/attic"
    package.mkdir()
    (package / "__init__.py").touch()
    result = check(checkout)
    assert result.returncode == 1
    assert "attic" in result.stdout
