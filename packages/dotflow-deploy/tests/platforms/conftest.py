"""Images built as their Dockerfiles say, in folders, since no test needs a daemon."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from pathspec import PathSpec

# What the wheels of this repository need, and what builds a project.
ROOTS = ("dotflow-cli", "dotflow-core", "dotflow-scheduler", "hatchling", "gunicorn")


@pytest.fixture(scope="session")
def wheelhouse(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put wheels of all that an image installs in one folder, for a pip without index."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    for wheel in wheels.glob("dotflow*.whl"):
        shutil.copy(wheel, folder)
    if not list(folder.glob("dotflow_scheduler-*")):
        hatchling = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d"]
        scheduler = Path(__file__).resolve().parents[3] / "dotflow-scheduler"
        subprocess.run(
            [*hatchling, folder], cwd=scheduler, check=True, capture_output=True
        )
    for name, found in sorted(_closure(ROOTS).items()):
        if not name.startswith("dotflow"):
            _repack(found, folder)
    return folder


def _closure(names: tuple[str, ...]) -> dict[str, Distribution]:
    """Return installed distributions with all that they need."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except ModuleNotFoundError:
            continue
        for text in found[name].requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    return found


def _repack(found: Distribution, folder: Path) -> None:
    """Make a wheel of an installed distribution."""
    metadata = found.read_text("WHEEL") or ""
    tags = re.findall(r"^Tag: ([^-]+)-([^-]+)-(\S+)$", metadata, re.MULTILINE)
    tag = "-".join(".".join(sorted(set(part))) for part in zip(*tags, strict=True))
    name = re.sub(r"[-_.]+", "_", found.name)
    target = folder / f"{name}-{found.version}-{tag}.whl"
    temporary = target.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(temporary, "w") as archive:
        for file in found.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(str(file.locate()), file.as_posix())
    temporary.replace(target)


@dataclass
class Image:
    """What a Dockerfile makes, with a folder for the root of its file system.

    Attributes:
        root: That folder.
        env: The variables.
        folder: The current one.
        command: What runs.
        user: Who runs it.
    """

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    folder: Path = Path()
    command: list[str] = field(default_factory=list)
    user: str = "root"

    def start(self, *command: str, **env: str) -> subprocess.Popen[str]:
        """Start a container, with the image's command unless another is given."""
        return subprocess.Popen(
            command or self.command,
            cwd=self.folder,
            env=self.environment() | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str, **env: str) -> tuple[int, str, str]:
        """Run a container to its end: its exit code, output and errors."""
        with self.start(*command, **env) as process:
            output, errors = process.communicate(timeout=120)
            return process.returncode, output, errors

    def environment(self) -> dict[str, str]:
        """Return the variables of a container; nothing of this process's own."""
        path = f"{self.root / 'venv/bin'}:/usr/bin:/bin"
        return {"PATH": path, "HOME": str(self.root / "home")} | self.env

    def inside(self, text: str) -> str:
        """Return a text whose paths lead into the image."""
        return re.sub(r"(?<![\w./])/(?=(?:app|tmp|var)\b)", f"{self.root}/", text)


def build(dockerfile: str, context: Path, root: Path, wheelhouse: Path) -> Image:
    """Follow a Dockerfile, instruction by instruction."""
    image = Image(root)
    for folder in ("app", "tmp", "home"):
        (root / folder).mkdir(parents=True)
    lines = re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(str.strip, lines.splitlines()):
        word, _, rest = line.partition(" ")
        match word:
            case "FROM":
                assert rest.startswith("python:")
                make_venv(root / "venv")
            case "COPY":
                *sources, target = rest.split()
                for source in sources:
                    copy(context, source, image.folder / target)
            case "RUN":
                run(image, rest, wheelhouse)
            case _:
                settle(image, word, rest)
    return image


def make_venv(place: Path) -> None:
    """Make an environment with this one's pip, which is quicker than Python's own way."""
    venv = [sys.executable, "-m", "venv", "--without-pip", str(place)]
    subprocess.run(venv, check=True)
    (packages,) = place.glob("lib/python*/site-packages")
    shutil.copytree(str(distribution("pip").locate_file("pip")), packages / "pip")
    program = place / "bin" / "pip"
    program.write_text(f'#!/bin/sh\nexec "{place}/bin/python" -m pip "$@"\n')
    program.chmod(0o755)


def settle(image: Image, word: str, rest: str) -> None:
    """Follow an instruction that is about what runs later."""
    match word:
        case "ENV":
            pairs = re.findall(r"(\w+)=(\S+)", rest)
            image.env |= {key: image.inside(value) for key, value in pairs}
        case "WORKDIR":
            image.folder = Path(image.inside(rest))
        case "USER":
            image.user = rest
        case "CMD":
            image.command = json.loads(rest)
        case _:
            raise AssertionError(f"unknown: {word} {rest}")


def run(image: Image, command: str, wheelhouse: Path) -> None:
    """Run a command of a Dockerfile; pip finds the wheels, and no index."""
    if "useradd" in command:
        return  # the only user here is the one who runs the tests
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse)}
    done = subprocess.run(
        ["sh", "-ec", image.inside(command)],
        cwd=image.folder,
        env=image.environment() | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def copy(context: Path, source: str, target: Path) -> None:
    """Copy a part of the context, but what `.dockerignore` leaves out."""
    patterns = (context / ".dockerignore").read_text("utf-8").splitlines()
    # Docker's patterns begin at the context; a pattern with `/` does so here as well.
    anchored = [
        p if "/" in p.rstrip("/") or p.startswith("#") else f"/{p}" for p in patterns
    ]
    ignored = PathSpec.from_lines("gitignore", anchored)
    start = context / source
    for path in [start] if start.is_file() else sorted(start.rglob("*")):
        name = path.relative_to(context)
        if path.is_file() and not ignored.match_file(name):
            made = target / (name.name if start.is_file() else name.relative_to(source))
            made.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, made)


@pytest.fixture(scope="session")
def new_python() -> Callable[[Path], None]:
    """Return what makes a Python of its own, with pip, in a folder."""
    return make_venv


Builder = Callable[[str, Path], Image]


@pytest.fixture(scope="session")
def build_image(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Return a function that builds a Dockerfile in a context; once for each name."""
    built: dict[str, Image] = {}

    def once(name: str, context: Path) -> Image:
        if name not in built:
            root = tmp_path_factory.mktemp(name)
            dockerfile = (context / "Dockerfile").read_text("utf-8")
            built[name] = build(dockerfile, context, root, wheelhouse)
        return built[name]

    return once
