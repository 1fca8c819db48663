"""Build the sdist and wheel of every package into `dist/`: `hatch run build`.

`hatch build --all` makes the same files, but in a new environment for each package.
The workspace has all that the builds need, so this takes a second and no network.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"


def main() -> None:
    """Build everything, in place of what was built before."""
    shutil.rmtree(DIST, ignore_errors=True)
    for project in sorted(ROOT.glob("packages/*/pyproject.toml")):
        for builder in (SdistBuilder, WheelBuilder):
            for artifact in builder(str(project.parent)).build(directory=str(DIST)):
                print(Path(artifact).relative_to(ROOT))


if __name__ == "__main__":
    main()
