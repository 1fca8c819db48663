"""Rehearse a release, from the build to what users install: `hatch run rehearse [PART…]`.

- `files`: two builds are equal byte for byte; what is in them, its licence and types, and
  what the index will say of them;
- `install`: core, plain, each extra and all, from an index on this machine, with pip and
  with uv, each into an environment of its own, which then runs a workflow;
- `upgrade`: over the last release of 1.x, with both;
- `lowest`: each distribution with the oldest versions that it asks for;
- `follow`: the first pages, each as its reader would, line by line in an empty home, with
  what it says to install and nothing else;
- `sbom`: what an install of all of it consists of, as CycloneDX, into `sbom/`.

All of them without arguments. Packages of others come from the index that pip is set up
for, ours from `dist/`, which is made anew.
"""

from __future__ import annotations

import hashlib
import os
import runpy
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TypeVar

from build import DIST, ROOT
from build import main as build
from check_wheels import IMPORT_ALL

SBOM = ROOT / "sbom"
TOOLS = ("pip", "uv")
FORMER = "dotflow==1.0.1"
Case = TypeVar("Case")
# What each page says to install, and what its reader has set.
FOLLOWED = {
    "README.md": "dotflow",
    "docs/index.md": "dotflow",
    "docs/tutorial.md": "dotflow[scheduler]",
    "docs/choosing-a-mode.md": "dotflow",
    "docs/dashboard.md": "dotflow[ui]",
    "docs/howto/resume.md": "dotflow",
    "docs/howto/testing.md": "dotflow",
    "docs/howto/notebooks.md": "dotflow",
    "packages/dotflow-core/README.md": "dotflow-core",
}
READER = {"NO_COLOR": "1", "COLUMNS": "100", "PYTHONUTF8": "1"}
# Google warns of each version of Python years before its end.
STRICT = ("-W", "error", "-W", "ignore::FutureWarning")
SMOKE = """
import importlib.metadata, sys
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

@action
def one():
    return 1

@action
def two(one):
    return one + 1

workflow = DotFlow(Config(storage=StorageSQLite(sys.argv[1])), workflow_id="smoke")
workflow.task.add(one)
workflow.task.add(two, depends_on=one)
assert workflow.start().report().completed
assert workflow.start(resume=True).report()["two"].restored
for group in ("providers", "storages", "executors", "displays"):
    for point in importlib.metadata.entry_points(group=f"dotflow.{group}"):
        point.load()
"""


class Failed(Exception):
    """A command failed that users would run."""


@dataclass(frozen=True)
class Index:
    """Where our distributions are offered.

    Args:
        url: The address of the index.
        constraints: A file that says which versions of ours are meant.
    """

    url: str
    constraints: Path


class Environment:
    """A fresh environment, filled by pip or uv.

    Args:
        folder: Its folder.
        tool: `"pip"` or `"uv"`.
        index: Where our distributions are.
    """

    def __init__(self, folder: Path, tool: str, index: Index) -> None:
        self.python = folder / "bin" / "python"
        self._folder, self._tool, self._index = folder, tool, index
        self._environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        self.run("uv", "venv", "--quiet", "--python", sys.executable, folder)

    def run(self, *command: str | Path, home: Path | None = None) -> None:
        """Run a command, in a home of its own or in none; it has to end well.

        Raises:
            Failed: It does not; with what it has said.
        """
        own = {
            "PATH": f"{self.python.parent}{os.pathsep}{os.defpath}",
            "LANG": "C.UTF-8",
        }
        done = subprocess.run(
            command,
            cwd=home or self._folder.parent,
            env=self._environ if home is None else {**own, **READER, "HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            line = " ".join(map(str, command))
            raise Failed(f"{line}\nended with {done.returncode}:\n{done.stdout}")

    def install(self, *arguments: str | Path, pinned: bool = True) -> None:
        """Install something, ours from our index where it is pinned."""
        command: list[str | Path]
        if self._tool == "uv":
            command = ["uv", "pip", "install", "--quiet", "--python", self.python]
            here = ["--index", self._index.url]
        else:
            command = [sys.executable, "-m", "pip", "--python", self.python, "install"]
            command += ["--quiet", "--disable-pip-version-check", "--no-compile"]
            here = ["--extra-index-url", self._index.url]
        if pinned:
            command += [*here, "--constraint", self._index.constraints]
        self.run(*command, *arguments)

    def check(self) -> None:
        """Run a workflow, load what is registered, and import all there is of ours."""
        self.run("uv", "pip", "check", "--quiet", "--python", self.python)
        self.run(self.python, "-c", SMOKE, self._folder / "smoke.db")
        for name in sorted(_distributions()):
            package = "dotflow" if name == "dotflow-core" else name.replace("-", "_")
            found = self._folder.glob(
                f"lib/python*/site-packages/{package}/__init__.py"
            )
            if any(found):
                self.run(self.python, *STRICT, "-c", IMPORT_ALL, package)


def files() -> None:
    """Check what was built, and that it comes out the same a second time."""
    before = _digests()
    build()
    assert before == _digests(), "two builds differ"
    for sdist in DIST.glob("*.tar.gz"):
        with tarfile.open(sdist) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        missing = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml"} - names
        assert not missing, (sdist.name, missing)
    for wheel in DIST.glob("*.whl"):
        with zipfile.ZipFile(wheel) as packed:
            inside = packed.namelist()
        assert any(name.endswith("licenses/LICENSE") for name in inside), wheel.name
        plain = wheel.name.startswith("dotflow-")  # the one without code
        assert plain or any(name.endswith("py.typed") for name in inside), wheel.name
        assert not [n for n in inside if n.endswith(".pyc") or "/tests/" in n], (
            wheel.name
        )
    paths = sorted(map(str, DIST.iterdir()))
    subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *paths], check=True
    )


def install(work: Path, index: Index) -> None:
    """Install core, plain, each extra and all with each tool."""
    extras = _project("dotflow")["optional-dependencies"]
    wanted = ["dotflow-core", "dotflow", *(f"dotflow[{extra}]" for extra in extras)]

    def one(case: tuple[str, str]) -> None:
        tool, requirement = case
        environment = Environment(work / f"{tool}-{requirement}", tool, index)
        environment.install(requirement)
        environment.check()
        shutil.rmtree(environment.python.parent.parent)
        print(f"{tool} install {requirement}", flush=True)

    _each(one, [(tool, requirement) for requirement in wanted for tool in TOOLS])


def upgrade(work: Path, index: Index) -> None:
    """Upgrade the last release of 1.x with each tool."""

    def one(tool: str) -> None:
        environment = Environment(work / f"{tool}-upgrade", tool, index)
        environment.install(FORMER, pinned=False)
        environment.install("--upgrade", f"dotflow>={_version()}")
        environment.check()
        environment.run(environment.python.parent / "dotflow", "--version")
        print(f"{tool} install --upgrade, over {FORMER}", flush=True)

    _each(one, list(TOOLS))


def lowest(work: Path, index: Index) -> None:
    """Install each distribution with the oldest versions that it asks for."""

    def one(name: str) -> None:
        environment = Environment(work / f"lowest-{name}", "uv", index)
        project = ROOT / "packages" / name / "pyproject.toml"
        oldest = ("--resolution", "lowest-direct", "--all-extras", "-r", project)
        environment.install(*oldest)
        environment.install("--no-deps", name)
        environment.check()
        shutil.rmtree(environment.python.parent.parent)
        print(f"lowest versions of {name}", flush=True)

    _each(one, sorted(_distributions() - {"dotflow"}))


def follow(work: Path, index: Index) -> None:
    """Do what the first pages say, each in an empty home."""

    def one(page: str) -> None:
        name = page.replace("/", "-")
        environment = Environment(work / f"follow-{name}", "pip", index)
        environment.install(FOLLOWED[page])
        home = work / f"home-{name}"
        home.mkdir()
        program = ROOT / "tests" / "pages" / "page.py"
        environment.run(environment.python, program, ROOT / page, home=home)
        print(f"followed {page}", flush=True)

    _each(one, list(FOLLOWED))


def sbom(work: Path, index: Index) -> None:
    """Write down what an install of all of it consists of."""
    environment = Environment(work / "sbom", "uv", index)
    environment.install("dotflow[all]")
    SBOM.mkdir(exist_ok=True)
    target = SBOM / f"dotflow-{_version()}.cdx.json"
    line = ["cyclonedx-py", "environment", "--output-reproducible", "--of", "JSON"]
    environment.run(*line, "-o", target, environment.python)
    print(target.relative_to(ROOT))


@contextmanager
def local_index(work: Path) -> Iterator[Index]:
    """Offer what is in `dist/` on this machine, as an index does (PEP 503)."""
    pages = work / "index"
    pages.mkdir()
    for built in sorted(DIST.iterdir()):
        name = built.name.partition("-")[0].replace("_", "-")
        folder = pages / name
        folder.mkdir(exist_ok=True)
        shutil.copy(built, folder)
        digest = hashlib.sha256(built.read_bytes()).hexdigest()
        with (folder / "index.html").open("a", encoding="utf-8") as page:
            page.write(f'<a href="{built.name}#sha256={digest}">{built.name}</a><br>\n')
    constraints = work / "constraints.txt"
    lines = (f"{name}=={_version()}\n" for name in sorted(_distributions()))
    constraints.write_text("".join(lines), encoding="utf-8")
    handler = partial(_Quiet, directory=str(pages))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield Index(f"http://127.0.0.1:{server.server_port}/", constraints)
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


PARTS: dict[str, Callable[[Path, Index], None]] = {
    "install": install,
    "upgrade": upgrade,
    "lowest": lowest,
    "follow": follow,
    "sbom": sbom,
}


def main() -> None:
    """Rehearse the parts that are named, by default all."""
    chosen = sys.argv[1:] or ["files", *PARTS]
    if unknown := set(chosen) - {"files", *PARTS}:
        raise SystemExit(f"there is no part {min(unknown)}: {', '.join(PARTS)}, files")
    build()
    if "files" in chosen:
        files()
    with TemporaryDirectory() as folder, local_index(Path(folder)) as index:
        for name, part in PARTS.items():
            if name in chosen:
                part(Path(folder), index)


def _each(call: Callable[[Case], None], cases: list[Case]) -> None:
    """Call something for each case, some at once, and tell all that fails."""

    def told(case: Case) -> str:
        try:
            call(case)
        except Failed as error:
            return f"--- {case}\n{error}"
        return ""

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [text for text in pool.map(told, cases) if text]
    if failed:
        raise SystemExit("\n".join(failed))


def _digests() -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in DIST.iterdir()}


def _distributions() -> set[str]:
    return {path.parent.name for path in ROOT.glob("packages/*/pyproject.toml")}


def _project(name: str) -> dict[str, dict[str, object]]:
    path = ROOT / "packages" / name / "pyproject.toml"
    project: dict[str, dict[str, object]] = tomllib.loads(path.read_text("utf-8"))[
        "project"
    ]
    return project


def _version() -> str:
    version: str = runpy.run_path(str(ROOT / "VERSION.py"))["__version__"]
    return version


if __name__ == "__main__":
    main()
