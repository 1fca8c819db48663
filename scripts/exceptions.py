"""Find exceptions from ruff's rules that nothing needs any more: part of `hatch run lint`.

Ruff tells of a `noqa` without use, but not of a line in `per-file-ignores`. This looks at
the lines that name one file; `hatch run lint --fix` takes out those with one rule.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Isolated: no exception may hide what it is the exception from.
RUFF = ("ruff", "check", "--isolated", "--output-format=json")


def unneeded(root: Path) -> list[tuple[str, str]]:
    """List the exceptions of single files that could go, each a file and a rule.

    Args:
        root: Top of the repository.
    """
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    ignores = settings["tool"]["ruff"]["lint"]["per-file-ignores"]
    wanted = {
        (file, rule) for file in ignores if "*" not in file for rule in ignores[file]
    }
    files = sorted({file for file, _ in wanted if (root / file).is_file()})
    rules = ",".join(sorted({rule for _, rule in wanted}))
    if not files:
        return sorted(wanted)
    result = subprocess.run(
        [*RUFF, f"--select={rules}", *files],
        cwd=root,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    found = {
        (Path(item["filename"]).relative_to(root).as_posix(), item["code"])
        for item in json.loads(result.stdout)
    }
    return sorted(wanted - found)


def take_out(root: Path, exceptions: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Take lines out of the settings, and return what has to be done by hand."""
    path = root / "pyproject.toml"
    text = path.read_text("utf-8")
    left = []
    for file, rule in exceptions:
        line = f'"{file}" = ["{rule}"]\n'
        if line in text:
            text = text.replace(line, "")
        else:
            left.append((file, rule))
    path.write_text(text, encoding="utf-8", newline="\n")
    return left


if __name__ == "__main__":
    names = unneeded(ROOT)
    if "--fix" in sys.argv[1:]:
        names = take_out(ROOT, names)
    if names:
        lines = "\n  ".join(f"{file}: {rule}" for file, rule in names)
        sys.exit(f"Take out of per-file-ignores in pyproject.toml:\n  {lines}")
