"""Compare the public API with its record: `hatch run api`; `--write` records it anew.

Each package has in `api.txt` what users may rely on: every public name with its
signature. Lint fails where the source says something else, so nobody changes the API
without seeing it, nor without a reviewer seeing it. The source is read, not imported.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

from griffe import (
    Alias,
    AliasResolutionError,
    Attribute,
    Class,
    ExprSubscript,
    Function,
    GriffeLoader,
    Module,
    Object,
)

ROOT = Path(__file__).resolve().parent.parent
RECORD = "api.txt"
# What the core promises: these, and the modules in those that end in a dot. All others
# are its inside. Of an integration it is the package itself.
CORE = (
    "dotflow",
    "dotflow.abc.",
    "dotflow.codec",
    "dotflow.delivery",
    "dotflow.errors",
    "dotflow.logging",
    "dotflow.pipeline",
    "dotflow.providers",
    "dotflow.report",
    "dotflow.serving",
    "dotflow.testing",
    "dotflow.types",
)


def load(packages: list[str], root: Path = ROOT) -> GriffeLoader:
    """Read the source of packages, which may show what others define.

    Args:
        packages: The names that are imported.
        root: Top of the repository.
    """
    sources = sorted(root.glob("packages/*/src"))
    loader = GriffeLoader(search_paths=sources, allow_inspection=False)
    for package in packages:
        loader.load(package)
    loader.resolve_aliases(external=False)
    return loader


def api(loader: GriffeLoader, package: str) -> str:
    """Describe the public API of a package, a line for each name."""
    lines: list[str] = []
    for module in _modules(loader, package):
        for name in sorted(_names(module)):
            lines += _lines(f"{module.path}.{name}", module.members[name])
    return "".join(f"{line}\n" for line in lines)


def _modules(loader: GriffeLoader, package: str) -> Iterator[Module]:
    for path in CORE if package == "dotflow" else (package,):
        module = loader.modules_collection[path.removesuffix(".")]
        if path.endswith("."):
            yield from (m for _, m in sorted(module.modules.items()))
        else:
            yield module


def _names(module: Module) -> set[str]:
    """Those in `__all__`, or else those defined there without an underscore."""
    if module.exports is not None:
        return {str(name) for name in module.exports} & module.members.keys()
    return {
        name
        for name, member in module.members.items()
        if not name.startswith("_") and not member.is_alias
    }


def _lines(path: str, member: Object | Alias) -> Iterator[str]:
    try:
        found = member.final_target if isinstance(member, Alias) else member
    except AliasResolutionError as error:
        yield f"{path} = {error.alias.target_path}"
        return
    match found:
        case Function():
            yield _signature(path, found)
            for option, annotation in _unpacked(found):
                yield f"{path}({option}: {annotation})"
        case Class():
            yield _class(path, found)
            for name, inner in sorted(found.all_members.items()):
                if _is_told(name):
                    yield from _lines(f"{path}.{name}", inner)
        case Attribute() if found.annotation is not None:
            yield f"{path}: {found.annotation}"
        case _:
            yield path


def _unpacked(function: Function) -> Iterator[tuple[str, str]]:
    """Name the options that a function takes as `**options: Unpack[Options]`."""
    for parameter in function.parameters:
        given = parameter.annotation
        if isinstance(given, ExprSubscript) and str(given.left) == "Unpack":
            options = function.modules_collection[str(given.slice.canonical_path)]
            for name, option in sorted(options.all_members.items()):
                if isinstance(
                    option.final_target if option.is_alias else option, Attribute
                ):
                    yield name, str(option.annotation)


def _is_told(name: str) -> bool:
    # `__slots__` and the like are how a class is made, not what it offers.
    hidden = {"__slots__", "__doc__", "__module__", "__annotations__"}
    dunder = name.startswith("__") and name.endswith("__")
    if dunder:
        return name not in hidden
    # What a contract tests is free to grow.
    return not name.startswith(("_", "test_"))


def _class(path: str, found: Class) -> str:
    bases = ", ".join(str(base) for base in found.bases)
    return f"class {path}({bases})" if bases else f"class {path}"


def _signature(path: str, function: Function) -> str:
    shown = function.signature(name=path)
    return f"async {shown}" if "async" in function.labels else shown


def main() -> None:
    """Compare every package with its record, or write the records."""
    differing = []
    faces = sorted(ROOT.glob("packages/*/src/*/__init__.py"))
    loader = load([face.parent.name for face in faces])
    for face in faces:
        record = face.parents[2] / RECORD
        now = api(loader, face.parent.name)
        before = record.read_text("utf-8") if record.is_file() else ""
        if now == before:
            continue
        if "--write" in sys.argv[1:]:
            record.write_text(now, encoding="utf-8", newline="\n")
            continue
        name = record.relative_to(ROOT).as_posix()
        differing.append(name)
        lines = before.splitlines(), now.splitlines()
        print("\n".join(difflib.unified_diff(*lines, name, "the source", n=0)))
    if differing:
        raise SystemExit(
            f"The public API is not as recorded in {', '.join(differing)}.\n"
            "If that is meant, `hatch run api --write` records it."
        )


if __name__ == "__main__":
    main()
