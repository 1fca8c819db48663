"""Build the pages of the dashboard: `hatch run ui`; `--check` compares them instead.

Their assets are committed, so that nobody needs Node who does not change them. The same
source gives the same bytes: `--check` builds them elsewhere, after the types were
checked, and ends with 1 if a file differs from the one that is committed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "packages" / "dotflow-server" / "ui"
ASSETS = ROOT / "packages" / "dotflow-server" / "src" / "dotflow_server" / "assets"
LARGEST = 250_000


def main() -> int:
    """Build the assets, or compare them; return the exit code."""
    check = "--check" in sys.argv[1:]
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    run("npx", "tsc", "--noEmit")
    if not check:
        run("npx", "vite", "build", "--logLevel", "warn")
        return told(ASSETS)
    with TemporaryDirectory() as folder:
        built = Path(folder) / "assets"
        run("npx", "vite", "build", "--logLevel", "warn", "--outDir", str(built))
        return told(built) or compared(built)


def run(command: str, *arguments: str) -> None:
    """Run a command of Node in the folder of the source."""
    program = shutil.which(command)
    if program is None:
        raise SystemExit(f"{command} is not here: `hatch run ui` brings it from PyPI.")
    subprocess.run([program, *arguments], cwd=SOURCE, check=True)


def told(folder: Path) -> int:
    """Say how large the assets are; return 1 if they are too large."""
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{size:,} bytes, at most {LARGEST:,}")
    return int(size > LARGEST)


def compared(built: Path) -> int:
    """Say which files differ from those that are committed; return 1 if one does."""
    names = {file.name for folder in (built, ASSETS) for file in folder.iterdir()}
    other = [
        name
        for name in sorted(names)
        if content(built / name) != content(ASSETS / name)
    ]
    for name in other:
        print(f"{name} is not what the source gives: run `hatch run ui` and commit.")
    return int(bool(other))


def content(file: Path) -> bytes | None:
    """Return what is in a file; None where there is none."""
    return file.read_bytes() if file.exists() else None


if __name__ == "__main__":
    sys.exit(main())
