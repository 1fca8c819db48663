"""Run tests where they find what they need: `hatch run test [PACKAGE] [PYTEST OPTION…]`.

Without a package's name all of them run, in the environment that has everything; any
path or option of pytest goes to it. `core`, `aws` and so on run that package's tests in
an environment with little else, which is there within seconds.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EVERYTHING = "test"


def command(arguments: list[str], root: Path = ROOT) -> list[str]:
    """Return what runs the tests that are asked for.

    Args:
        arguments: Those of `hatch run test`.
        root: Top of the repository.
    """
    first = (arguments or [""])[0]
    name = first.removeprefix("dotflow-")
    tests = root / "packages" / f"dotflow-{name}" / "tests"
    if not name or not tests.is_dir():
        if first and first[0] != "-" and not (root / first.partition("::")[0]).exists():
            known = sorted(
                path.name.removeprefix("dotflow-")
                for path in (root / "packages").glob("dotflow-*")
            )
            raise SystemExit(
                f"{first!r} is neither a path nor a package; there are {', '.join(known)}"
            )
        return ["hatch", "run", f"{EVERYTHING}:pytest", *arguments]
    environments = tomllib.loads((root / "hatch.toml").read_text("utf-8"))["envs"]
    environment = name if name in environments else EVERYTHING
    paths = [tests.relative_to(root).as_posix(), *arguments[1:]]
    return ["hatch", "run", f"{environment}:pytest", *paths]


if __name__ == "__main__":
    raise SystemExit(subprocess.run(command(sys.argv[1:])).returncode)
