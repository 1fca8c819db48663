"""Build the pages of the dashboard: `hatch run ui`; `--check` compares them instead.

Their assets are committed, so that nobody needs Node who does not change them. The same
source gives the same bytes: `--check` builds them elsewhere, after the types were
checked, and ends with 1 if a file differs from the one that is committed. Where what
Vite needs cannot be fetched, it asks the record that the last build left: whether these
assets came from this source.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "packages" / "dotflow-server" / "ui"
ASSETS = ROOT / "packages" / "dotflow-server" / "src" / "dotflow_server" / "assets"
RECORD = SOURCE / "built.sha256"
LARGEST = 250_000


def main() -> int:
    """Build the assets, or compare them; return the exit code."""
    check = "--check" in sys.argv[1:]
    try:
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    except subprocess.CalledProcessError as error:
        print(f"npm could not fetch what the pages are built with: {error}")
        return recorded() if check else 1
    run("npx", "tsc", "--noEmit")
    if not check:
        run("npx", "vite", "build", "--logLevel", "warn")
        RECORD.write_text(record(), newline="\n")
        return told(ASSETS)
    with TemporaryDirectory() as folder:
        built = Path(folder) / "assets"
        run("npx", "vite", "build", "--logLevel", "warn", "--outDir", str(built))
        return told(built) or compared(built) or recorded()


def run(command: str, *arguments: str) -> None:
    """Run a command of Node in the folder of the source."""
    program = shutil.which(command)
    if program is None:
        raise SystemExit(f"{command} is not here: `hatch run ui` brings it from PyPI.")
    # Node trusts the authorities that it brings alone: behind a proxy with one of its own
    # nothing could be fetched.
    authorities = ssl.get_default_verify_paths().cafile
    environment = {"NODE_EXTRA_CA_CERTS": authorities} if authorities else {}
    subprocess.run(
        [program, *arguments], cwd=SOURCE, check=True, env=environment | os.environ
    )


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


def recorded() -> int:
    """Compare source and assets with what the last build left; return the exit code."""
    if content(RECORD) == record().encode():
        print("These assets were built from this source, as the last build recorded.")
        return 0
    print("The source or the assets changed after the last build: run `hatch run ui`.")
    return 1


def record() -> str:
    """Return a digest of what the pages are built from and of what was built."""
    digest = hashlib.sha256()
    for file in (*sources(), *sorted(ASSETS.iterdir())):
        content = file.read_bytes()
        digest.update(
            f"{file.relative_to(SOURCE.parent).as_posix()} {len(content)}\n".encode()
        )
        digest.update(content)
    return f"{digest.hexdigest()}\n"


def sources() -> Iterator[Path]:
    """Yield the files that the pages are built from, in order."""
    for pattern in ("*.html", "*.json", "*.ts", "src/**/*"):
        yield from sorted(file for file in SOURCE.glob(pattern) if file.is_file())


def content(file: Path) -> bytes | None:
    """Return what is in a file; None where there is none."""
    return file.read_bytes() if file.exists() else None


if __name__ == "__main__":
    sys.exit(main())
