"""`pip install --upgrade dotflow` over dotflow 1.x, with the wheels of this checkout.

The wheel of 1.x is made here: its files have the names of those of 1.0.1, listed in
dotflow-core, which is all that an upgrade looks at.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

pytest.importorskip("hatchling")
pytest.importorskip("dotflow_cli")
if os.name == "nt":
    pytest.skip("links need rights on Windows", allow_module_level=True)

ROOT = Path(__file__).resolve().parent.parent
OURS = (
    "dotflow",
    "dotflow-cli",
    "dotflow-core",
    "dotflow-deploy",
    "dotflow-discord",
    "dotflow-schema",
    "dotflow-telegram",
)
FORMER = (
    (ROOT / "packages/dotflow-core/upgrade/files_of_1_0_1.txt")
    .read_text("utf-8")
    .split()
)
NAMES = ROOT / "packages/dotflow-core/tests/compat/names.toml"
REPAIR = "pip install --force-reinstall --no-deps dotflow-core=="
# What the command and the models import, found through links.
THIRD = (
    "annotated_types",
    "click",
    "markdown_it",
    "mdurl",
    "packaging",
    "pathspec",
    "pydantic",
    "pydantic_core",
    "pygments",
    "rich",
    "typing_extensions",
    "typing_inspection",
    "yaml",
)
SCRIPT = """
from dotflow import Config, DotFlow, action
from dotflow.abc.executor import Executor
from dotflow.providers import StorageFile, StorageSQLite

@action
def one():
    return 1

if __name__ == "__main__":
    workflow = DotFlow(Config(storage=StorageFile("kept")), workflow_id="w")
    workflow.task.add([one, one])
    workflow.start(mode="parallel")
    workflow.start(resume=True)
    print(workflow.result_storage())
"""
IMPORT_ALL = """
import importlib, sys, tomllib
table = tomllib.load(open(sys.argv[1], "rb"))
for group in ("homes", "doors"):
    for path, names in table[group].items():
        found = importlib.import_module(path)
        for name in names.split():
            getattr(found, name)
print(importlib.import_module("dotflow").__file__)
"""


def wheel(folder, name, version, files, scripts=""):
    """Write a wheel, of texts by their paths."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if scripts:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n"
    record = ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as made:
        for path, text in files.items():
            made.writestr(path, text)
            digest = hashlib.sha256(text.encode()).digest()
            code = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            record += f"{path},sha256={code},{len(text.encode())}\n"
        made.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheels of this checkout, one of 1.x, and empty ones of what they require."""
    from hatchling.builders.wheel import WheelBuilder

    folder = tmp_path_factory.mktemp("wheels")
    needed = set()
    for name in OURS:
        (built,) = WheelBuilder(str(ROOT / "packages" / name)).build(
            directory=str(folder)
        )
        with zipfile.ZipFile(built) as made:
            (path,) = [n for n in made.namelist() if n.endswith("dist-info/METADATA")]
            told = Parser().parsestr(made.read(path).decode())
        for line in told.get_all("Requires-Dist") or ():
            if "extra ==" not in line:
                needed.add(
                    "".join(
                        c if c.isalnum() or c in "-_" else " " for c in line
                    ).split()[0]
                )
    for name in needed - set(OURS):
        wheel(folder, name.replace("-", "_"), "999", {})
    former = dict.fromkeys(FORMER, "raise RuntimeError('this is 1.x')\n")
    former["dotflow/__init__.py"] = "__version__ = '1.0.1'\n"
    wheel(folder, "dotflow", "1.0.1", former, "dotflow = dotflow.main:main")
    return folder


class Place:
    """An environment without a pip of its own, and an installer that fills it."""

    def __init__(self, folder, wheels, installer):
        venv.create(folder)
        self.scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = str(self.scripts / "python")
        self.packages = Path(
            sysconfig.get_path("purelib", vars={"base": folder, "platbase": folder})
        )
        self.wheels = ["--no-index", "--find-links", str(wheels)]
        self.begin = {
            "pip": [sys.executable, "-m", "pip", "--python", self.python],
            "uv": ["uv", "--no-cache", "pip"],  # which would know wheels by name alone
        }[installer]
        self.last = [] if installer == "pip" else ["--python", self.python]
        self.allow = {"pip": ["--pre"], "uv": ["--prerelease", "allow"]}[installer]
        self.yes = ["--yes"] if installer == "pip" else []
        self.environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}

    def run(self, *command, code=0):
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, env=self.environ
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def install(self, *arguments):
        self.run(*self.begin, "install", *arguments, *self.wheels, *self.last)

    def use(self):
        """Let what is installed find click and the others, which were empty wheels."""
        third = self.packages.parent / "third"
        third.mkdir(exist_ok=True)
        for name in THIRD:
            place = importlib.util.find_spec(name)
            source = Path(place.origin)
            source = source.parent if place.submodule_search_locations else source
            if not (third / source.name).exists():
                (third / source.name).symlink_to(source)
        (self.packages / "zz.pth").write_text(f"{third}\n")


@pytest.fixture(params=["pip", "uv"])
def place(request, tmp_path, wheels, monkeypatch):
    if request.param == "uv" and shutil.which("uv") is None:
        pytest.skip("uv is not installed")
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path / "env", wheels, request.param)


def upgraded(place):
    place.install("dotflow==1.0.1")
    assert place.run(place.python, "-c", "import dotflow; print(dotflow.__version__)")
    place.install("--upgrade", *place.allow, "dotflow")
    place.run(*place.begin, "check", *place.last)
    place.use()


def test_the_plain_upgrade_leaves_a_working_install(place, tmp_path):
    """Each name imports, workflows run in processes and resume, the command is there."""
    upgraded(place)
    place.run(place.python, "-c", IMPORT_ALL, NAMES)
    (tmp_path / "script.py").write_text(SCRIPT)
    assert "[1, 1]" in place.run(place.python, "script.py")
    command = place.scripts / "dotflow"
    assert place.run(command, "--version").startswith("dotflow==2")
    assert "Completed" in place.run(command, "start", "-s", "script.one")


def test_doctor_tells_what_the_upgrade_removed_and_how_to_put_it_back(place):
    """Where files are gone, for which copies stand in, the repair restores them."""
    upgraded(place)
    package = place.packages / "dotflow" / "__init__.py"
    command = place.scripts / "dotflow"
    if not package.exists():
        said = " ".join(place.run(command, "doctor", code=1).split())
        (place.packages / "zz.pth").unlink()  # what is in there is not the installer's
        place.install(*said[said.index(REPAIR) :].split()[2:5])
        place.use()
    assert package.exists()
    assert REPAIR not in place.run(command, "doctor")


def test_the_stand_in_is_not_used_where_nothing_is_missing(place):
    """A fresh install imports the package itself."""
    place.install(*place.allow, "dotflow")
    place.use()
    found = place.run(place.python, "-c", IMPORT_ALL, NAMES).strip()
    assert Path(found) == place.packages / "dotflow" / "__init__.py"


def test_uninstalling_leaves_nothing(place):
    """After an upgrade, too, no file of ours stays behind."""
    upgraded(place)
    (place.packages / "zz.pth").unlink()
    place.run(*place.begin, "uninstall", *place.yes, *OURS, *place.last)
    left = [p for p in place.packages.rglob("*dotflow*") if p.suffix in ("", ".py")]
    assert [p for p in left if p.is_file()] == []
    assert not (place.scripts / "dotflow").exists()


def test_every_file_that_1x_had_is_kept_a_second_time(wheels):
    """What an upgrade removes of dotflow-core is in its wheel twice."""
    (core,) = wheels.glob("dotflow_core-*.whl")
    with zipfile.ZipFile(core) as made:
        names = set(made.namelist())
    lost = names & set(FORMER)
    assert len(lost) > 100
    kept = {name.replace("dotflow/", "dotflow/kept.d/", 1) for name in lost}
    assert kept <= names


def test_the_command_is_brought_by_both_that_promise_it():
    """`dotflow` and `dotflow-cli` bring the same script: one is removed with 1.x."""
    scripts = [
        tomllib.loads((ROOT / f"packages/{name}/pyproject.toml").read_text("utf-8"))[
            "project"
        ]["scripts"]
        for name in ("dotflow", "dotflow-cli")
    ]
    assert scripts[0] == scripts[1] == {"dotflow": "dotflow_cli.main:main"}


INSTALL = re.compile(r"pip install[^`#\n]*?\bdotflow(?:\[[^\]]*\])?(?![-\w\[])(.?.?)")
DOCUMENTS = [
    *(ROOT / "README.md", ROOT / "CHANGELOG.md"),
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("packages/*/README.md")),
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_lines_to_install_name_a_version(path):
    """Without one, pip takes 1.0.1 as long as 2 is a pre-release."""
    text = path.read_text("utf-8")
    for found in INSTALL.finditer(text):
        assert found[1] in (">=", "=="), found[0]


def test_the_line_to_install_finds_the_pre_release(place):
    """`pip install "dotflow>=2…"` takes 2 although 1.0.1 is the newest release."""
    version = runpy.run_path(str(ROOT / "VERSION.py"))["__version__"]
    place.install(f"dotflow>={version}")
    place.use()
    said = place.run(place.python, "-c", "import dotflow; print(dotflow.__version__)")
    assert said.strip() == version
