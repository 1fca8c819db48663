"""Check who imports whom, in every package that says it: part of `hatch run lint`.

A package states its contracts in `contracts/*.ini`, in import-linter's format. Nothing
needs to be installed: the imports are read from the source.
"""

from __future__ import annotations

import sys
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parent.parent


def broken(root: Path) -> list[str]:
    """Check all contracts below a checkout, and print what import-linter says.

    Args:
        root: Top of the repository.

    Returns:
        The files with a contract that is broken.
    """
    found = []
    for contracts in sorted(root.glob("packages/*/contracts/*.ini")):
        name = contracts.relative_to(root).as_posix()
        print(f"\n=== {name}", flush=True)
        status = lint_imports(
            config_filenames=(str(contracts),),
            no_cache=True,  # a cache has told of imports that were gone
            no_logo=True,
        )
        if status != EXIT_STATUS_SUCCESS:
            found.append(name)
    return found


if __name__ == "__main__":
    sys.path[:0] = map(str, ROOT.glob("packages/*/src"))
    if names := broken(ROOT):
        raise SystemExit(f"broken: {', '.join(names)}")
