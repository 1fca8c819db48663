"""Make the package of a new provider: `hatch run new-provider NotifyNtfy`.

The name's first word is the family: Log, Metrics, Notify, Scheduler, Server, Storage or
Tracer; what follows names the service, and so the package `dotflow-ntfy`. What is made
works, in memory, and passes the contract of its family; the service is left to write.
"""

from __future__ import annotations

import re
import runpy
import shutil
import sys
import tomllib
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).resolve().parent
ROOT = TEMPLATES.parent.parent
FAMILIES = [path.name.partition(".")[0] for path in (TEMPLATES / "families").iterdir()]
REGISTRY = "packages/dotflow-core/src/dotflow/providers/registry.py"
OFFERED = "packages/dotflow-core/src/dotflow/providers/__init__.py"
METAPACKAGE = "packages/dotflow/pyproject.toml"


def make(provider: str, root: Path = ROOT) -> Path:
    """Write the package, and its name wherever packages are listed.

    Args:
        provider: The class, such as `NotifyNtfy`.
        root: Top of the repository.

    Returns:
        The package's folder.
    """
    names = _names(provider, root)
    folder = root / "packages" / names["distribution"]
    if folder.exists():
        raise SystemExit(f"{folder} is there already")
    family = names["family"]
    source = folder / "src" / names["package"]
    tests = folder / "tests"
    for path in (source, tests):
        path.mkdir(parents=True)
    for template, target in {
        "pyproject.toml.txt": folder / "pyproject.toml",
        "README.md.txt": folder / "README.md",
        "init.py.txt": source / "__init__.py",
        f"families/{family}.py.txt": source / f"{family}.py",
        "test_contract.py.txt": tests / "test_contract.py",
    }.items():
        text = Template((TEMPLATES / template).read_text("utf-8")).substitute(names)
        target.write_text(text, encoding="utf-8", newline="\n")
    (source / "py.typed").touch()
    shutil.copyfile(root / "LICENSE", folder / "LICENSE")
    _register(names, root)
    return folder


def _names(provider: str, root: Path) -> dict[str, str]:
    found = re.fullmatch(r"([A-Z][a-z]+)([A-Z][A-Za-z0-9]+)", provider)
    if not found or found[1].lower() not in FAMILIES:
        families = ", ".join(sorted(family.capitalize() for family in FAMILIES))
        raise SystemExit(
            f"{provider!r} names no provider. Begin it with its family, one of "
            f"{families}, and go on with the service, as in NotifyNtfy"
        )
    service = found[2].lower()
    if service in tomllib.loads((root / "hatch.toml").read_text("utf-8"))["envs"]:
        raise SystemExit(
            f"{service!r} is an environment of hatch.toml already: choose another name"
        )
    return {
        "provider": provider,
        "family": found[1].lower(),
        "contract": f"{found[1]}Contract",
        "service": service,
        "title": f"{found[1]} {found[2]}",
        "distribution": f"dotflow-{service}",
        "package": f"dotflow_{service}",
        "version": runpy.run_path(str(root / "VERSION.py"))["__version__"],
    }


def _register(names: dict[str, str], root: Path) -> None:
    """Name the package in the core, among the extras and in hatch.toml."""
    entry = '    "$provider": ("$distribution", "$service"),\n'
    shown = (
        "    from $package import $provider as $provider"
        "  # type: ignore[import-not-found, unused-ignore]\n"
    )
    extra = '$service = ["$distribution==$version"]\n'
    environment = (
        "[envs.$service]\n"
        'template = "core"\n'
        'workspace.members = ["packages/dotflow-core", "packages/$distribution"]\n\n'
    )
    for file, pattern, text in (
        # Each goes in where the list ends that the pattern finds.
        (REGISTRY, r"(?<=^INTEGRATIONS = \{\n)(    .*\n)+", entry),
        (OFFERED, r"(    from dotflow_\w+ import .*\n)+", shown),
        (METAPACKAGE, r"(?<=^all = \[\n)(?:.*\n)*?\]\n(\w.*\n)+", extra),
        (METAPACKAGE, r"(?<=^all = \[\n)(  .*\n)+", '  "dotflow[$service]",\n'),
        ("hatch.toml", r"\A(.*\n)*?(?=\[envs\.test\]\n)", environment),
    ):
        path = root / file
        before = path.read_text("utf-8")
        place = re.search(pattern, before, re.MULTILINE)
        if place is None:
            raise SystemExit(f"{file} has no list that {names['provider']} fits into")
        line = Template(text).substitute(names)
        after = before[: place.end()] + line + before[place.end() :]
        path.write_text(after, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    made = make(sys.argv[1])
    print(f"{made.relative_to(ROOT).as_posix()} is there. Next:")
    print(f"  hatch run test {made.name.removeprefix('dotflow-')}")
    print("  hatch run lint --fix, which sorts what was added to lists")
    print("  hatch run api --write, once its public names are what they should be")
