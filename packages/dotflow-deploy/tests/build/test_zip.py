"""A project packaged as a zip file, unpacked and run by a Python of nothing else."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from dotflow_deploy.build import ZipBuilder
from dotflow_deploy.errors import BuildError, InvalidProject
from dotflow_deploy.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = """
from shop.workflow import build

def handle(event, context=None):
    flow = build()
    for task in flow.task.queue:
        task.initial_context = event
    flow.start()
    return flow.result_storage()[-1]
"""


def silent(line: str) -> None:
    """Show nothing."""


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip(), encoding="utf-8")
    return root


def names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as made:
        return set(made.namelist())


def tops(path: Path) -> set[str]:
    return {name.partition("/")[0] for name in names(path)}


def plain(root: Path, requirements: str = "dotflow-core") -> Path:
    """Make a project of one file and a `requirements.txt`."""
    flow = """
        def build():
            return None
        """
    return write(root, {"workflow.py": flow, "requirements.txt": requirements})


def build(root: Path, **options: Any) -> Path:
    builder = ZipBuilder(load_project(root, name="shop"), **options)
    made = builder.build(silent)
    kept = root.parent / f"{root.name}.zip"
    shutil.copy(made, kept)
    return kept


def run(path: Path, to: Path, code: str) -> str:
    """Run code with what is in a zip file, and nothing that is installed here."""
    with zipfile.ZipFile(path) as made:
        made.extractall(to)
    start = f"import sys; sys.path.insert(0, {str(to)!r}); {code}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", start],
        cwd=to,
        env={"DOTFLOW_OUTPUT_PATH": str(to / "output"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_what_is_packaged_runs(shop: Path, tmp_path: Path) -> None:
    """The zip holds all that the handler needs to run the whole workflow."""
    made = build(shop, files={"handler.py": HANDLER})
    code = "import handler; print(handler.handle({'numbers': [7, 5]}))"
    assert run(made, tmp_path / "unpacked", code) == "12"


def test_same_bytes_from_two_folders(shop: Path, tmp_path: Path) -> None:
    """Packaged in two folders on two days, a project makes the same bytes."""
    other = tmp_path / "elsewhere" / "copy"
    shutil.copytree(shop, other)
    for number, path in enumerate(sorted(other.rglob("*"))):
        os.utime(path, (1e9 + number, 1e9 + number))
        if path.is_file():
            path.chmod(0o664)
    first, second = build(shop, files={"h.py": "1"}), build(other, files={"h.py": "1"})
    digests = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (first, second)}
    assert len(digests) == 1


def test_no_secret_and_no_rubbish_is_packaged(shop: Path) -> None:
    """Secrets, ignored files, bytecode, scripts and paths of this machine stay here."""
    write(shop, {"shop/.env": "X=never-to-leave", "shop/key.pem": "never-to-leave"})
    made = build(shop)
    found = names(made)
    assert "shop/workflow.py" in found
    assert not [n for n in found if n.endswith((".pyc", ".env", ".pem", ".log"))]
    assert "bin" not in tops(made)
    with zipfile.ZipFile(made) as archive:
        content = b"".join(archive.read(name) for name in found)
    assert b"never-to-leave" not in content
    assert str(shop.parent).encode() not in content
    assert sys.prefix.encode() not in content


def test_entries_have_one_moment_and_plain_modes(shop: Path) -> None:
    """Everyone may read what is packaged, and only programs are executable."""
    tool = write(shop, {"shop/tool.sh": "#!/bin/sh\n"}) / "shop/tool.sh"
    tool.chmod(0o700)
    project = write(shop, {"requirements.txt": "dotflow-core"})
    (project / "pyproject.toml").unlink()
    with zipfile.ZipFile(build(project)) as archive:
        infos = {info.filename: info for info in archive.infolist()}
    assert list(infos) == sorted(infos)
    assert {info.date_time for info in infos.values()} == {(1980, 1, 1, 0, 0, 0)}
    assert infos["shop/tool.sh"].external_attr >> 16 == 0o100755
    assert infos["shop/steps.py"].external_attr >> 16 == 0o100644


def test_wheels_are_for_the_platform(tmp_path: Path, make_wheel: Any) -> None:
    """Wheels are chosen for the function's machine, not for this one."""
    make_wheel("fast", tag="cp312-cp312-manylinux2014_aarch64", text="arm")
    make_wheel("fast", tag="cp312-cp312-manylinux2014_x86_64", text="intel")
    root = plain(tmp_path / "p", "dotflow-core\nfast\n")
    for machine, text in (("aarch64", b"arm"), ("x86_64", b"intel")):
        made = build(root, platform=f"manylinux_2_34_{machine}")
        with zipfile.ZipFile(made) as archive:
            assert archive.read("fast/__init__.py") == text


def test_no_wheel_for_the_platform(tmp_path: Path, make_wheel: Any) -> None:
    """A dependency without a wheel for the machine is named, with the way out."""
    make_wheel("fast", tag="cp312-cp312-win_amd64")
    root = plain(tmp_path / "p", "dotflow-core\nfast>=1\n")
    with pytest.raises(BuildError, match=r"'fast>=1'.*--builder docker"):
        build(root)


HOOK = """
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        build_data.update(pure_python=False, infer_tag=True)
"""


def sdist(links: Path, name: str, *, compiled: bool = False) -> None:
    """Put a distribution there that has no wheel."""
    hook = "\n[tool.hatch.build.targets.wheel.hooks.custom]\n" if compiled else ""
    files = {
        "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\n'
        'build-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\n{hook}',
        f"{name}.py": "",
        "hatch_build.py": HOOK,
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
    }
    with tarfile.open(links / f"{name}-1.0.tar.gz", "w:gz") as made:
        for file, text in files.items():
            info = tarfile.TarInfo(f"{name}-1.0/{file}")
            info.size = len(text)
            made.addfile(info, io.BytesIO(text.encode()))


def test_sources_of_python_alone_are_packaged(tmp_path: Path, offline: Path) -> None:
    """A dependency that has no wheel at all is made one if any machine can run it."""
    sdist(offline, "one")
    sdist(offline, "two")
    root = plain(tmp_path / "p", "dotflow-core\none\ntwo==1.0\n")
    assert {"one.py", "two.py"} <= names(build(root))


def test_sources_that_need_a_compiler_are_not(tmp_path: Path, offline: Path) -> None:
    """What is compiled for this machine is never packaged for another."""
    sdist(offline, "fast", compiled=True)
    root = plain(tmp_path / "p", "dotflow-core\nfast\n")
    with pytest.raises(BuildError, match=r"'fast'.*--builder docker"):
        build(root)


def test_wheel_for_a_newer_libc_is_refused(tmp_path: Path, make_wheel: Any) -> None:
    """A wheel that needs a newer libc than the machine has is not packaged."""
    make_wheel("fast", tag="cp312-cp312-manylinux_2_28_x86_64")
    root = plain(tmp_path / "p", "dotflow-core\nfast\n")
    with pytest.raises(BuildError, match="'fast'"):
        build(root, platform="manylinux2014_x86_64")
    assert "fast" in tops(build(root, platform="manylinux_2_34_x86_64"))


@pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="needs a Python newer than this"
)
def test_conditions_are_those_of_the_target(tmp_path: Path, make_wheel: Any) -> None:
    """What is needed on the newer Python of the function alone is packaged, too."""
    make_wheel("deeper")
    make_wheel("newer", needs=["deeper; python_version >= '3.14'"])
    make_wheel("lib", needs=["newer>=1; python_version >= '3.14'"])
    root = plain(tmp_path / "p", "dotflow-core\nlib\n")
    builder = ZipBuilder(load_project(root, name="shop", python="3.14"))
    assert {"lib", "newer", "deeper"} <= tops(builder.build(silent))


def test_what_the_platform_has_is_left_out(tmp_path: Path, make_wheel: Any) -> None:
    """What the platform provides is left out with what only it needs, and no more."""
    make_wheel("boto3", version="1.99", needs=["botocore"])
    make_wheel("botocore", needs=["urllib3", "jmespath"])
    make_wheel("jmespath")
    make_wheel("urllib3")
    make_wheel("requests", needs=["urllib3"])
    root = plain(tmp_path / "p", "requests\ndotflow-core\n")
    made = build(root, distributions=["dotflow-aws"], provided=["boto3"])
    found = tops(made)
    assert {"dotflow", "dotflow_aws", "requests", "urllib3"} <= found
    assert not {n for n in found if n.startswith(("boto", "jmespath"))}


def test_what_the_project_names_stays(tmp_path: Path, make_wheel: Any) -> None:
    """A version that the project asks for itself wins over the platform's."""
    make_wheel("boto3", version="1.99")
    made = build(plain(tmp_path / "p", "dotflow-core\nboto3\n"), provided=["boto3"])
    assert "boto3" in tops(made)


def test_too_large(tmp_path: Path, make_wheel: Any) -> None:
    """A package that the platform would refuse is refused, naming what is large."""
    make_wheel("heavy", text="#" * 3_000_000)
    root = plain(tmp_path / "p", "dotflow-core\nheavy\n")
    with pytest.raises(BuildError, match=r"takes 2\.0 MB\. The largest: heavy 2\.9 MB"):
        build(root, limit=2 * 1024 * 1024)


def test_hashes_are_checked(tmp_path: Path, make_wheel: Any, wheels: Path) -> None:
    """A project that pins hashes is packaged, and a wheel of another hash is not."""
    wheel = make_wheel("lib")
    (core,) = wheels.glob("dotflow_core-*.whl")
    lines = [
        f"{path.name.split('-')[0]}=={path.name.split('-')[1]}"
        f" --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in (wheel, core)
    ]
    make_wheel("boto3", version="1.99")
    root = plain(tmp_path / "p", "\n".join(lines))
    made = build(root, distributions=["dotflow-aws"])
    assert {"lib", "dotflow", "dotflow_aws", "boto3"} <= tops(made)
    make_wheel("lib", text="evil")
    with pytest.raises(BuildError, match="lib-1"):
        build(root)


@pytest.mark.parametrize("line", ["-e .", ".", "--editable=./", " -e .[all]  # it"])
def test_requirements_may_name_the_project(
    shop: Path, make_wheel: Any, line: str
) -> None:
    """A `requirements.txt` that installs the project itself is no hindrance."""
    make_wheel("lib")
    write(shop, {"more.txt": "lib\n", "requirements.txt": f"{line}\n-r more.txt\n"})
    found = tops(build(shop))
    assert {"shop", "lib", "dotflow"} <= found


def test_pinned_versions_hold_for_the_project_too(shop: Path, make_wheel: Any) -> None:
    """What `requirements.txt` pins wins over the looser bounds of `pyproject.toml`."""
    make_wheel("lib", version="1.0")
    make_wheel("lib", version="2.0")
    text = (shop / "pyproject.toml").read_text().replace("-core", '-core", "lib>=1')
    write(shop, {"pyproject.toml": text, "requirements.txt": "dotflow-core\nlib==1.0"})
    assert "lib-1.0.dist-info" in tops(build(shop))


def test_project_that_nothing_builds(shop: Path, tmp_path: Path) -> None:
    """Without a build system, files are copied, and `src` is where modules are found."""
    root = tmp_path / "flat"
    shutil.copytree(shop / "shop", root / "src" / "shop")
    text = '[project]\nname = "shop"\ndependencies = ["dotflow-core"]\n'
    write(root, {"pyproject.toml": text, "handler.py": HANDLER})
    made = build(root)
    code = "import handler; print(handler.handle(None))"
    assert run(made, tmp_path / "unpacked", code) == "6"


def test_module_that_is_not_in_the_wheel(shop: Path) -> None:
    """A wheel without the workflow is refused before it is deployed."""
    text = (shop / "pyproject.toml").read_text()
    write(shop, {"other/__init__.py": ""})
    (shop / "pyproject.toml").write_text(text.replace('["shop"]', '["other"]'))
    with pytest.raises(BuildError, match=r"does not hold the module shop\.workflow"):
        build(shop)


def test_handler_replaces_nothing(tmp_path: Path) -> None:
    """A file that the deployment adds never takes the place of one of the project."""
    root = write(plain(tmp_path / "p"), {"handler.py": "mine"})
    with pytest.raises(BuildError, match=r"a file handler\.py already"):
        build(root, files={"handler.py": "generated"})
    build(root, files={"handler.py": "mine"})


def test_project_that_cannot_be_built(shop: Path) -> None:
    """What keeps a wheel from being made is shown in pip's words."""
    text = (shop / "pyproject.toml").read_text()
    (shop / "pyproject.toml").write_text(text.replace('"0.1.0"', '"not a version"'))
    with pytest.raises(BuildError, match="not a version"):
        build(shop)


def test_passwords_of_an_index_are_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password in an index's address is neither among the lines nor in an error."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://me:pa-ss@127.0.0.1:9/simple")
    link = "lib @ http://me:pa-ss@127.0.0.1:9/lib-1.0-py3-none-any.whl"
    shown: list[str] = []
    builder = ZipBuilder(load_project(plain(tmp_path / "p", f"{link}\n"), name="shop"))
    with pytest.raises(BuildError) as caught:
        builder.build(shown.append)
    assert shown
    assert "127.0.0.1" in str(caught.value)
    assert "pa-ss" not in "\n".join([*shown, str(caught.value)])


def test_progress_is_shown(shop: Path) -> None:
    """Each slow step is told of while it runs."""
    shown: list[str] = []
    ZipBuilder(load_project(shop)).build(shown.append)
    assert shown[0] == "Making a wheel of shop"
    assert any("dotflow_core" in line or "dotflow-core" in line for line in shown)
    assert shown[-1].startswith("Packaged ")


def test_digest_needs_no_build_and_tells_changes(shop: Path) -> None:
    """The digest is known beforehand, and changes with all that goes into the zip."""

    def digest(**options: Any) -> str:
        python = options.pop("python", None)
        return ZipBuilder(load_project(shop, python=python), **options).digest

    variants = [
        digest(),
        digest(files={"h.py": "1"}),
        digest(files={"h.py": "2"}),
        digest(platform="manylinux2014_aarch64"),
        digest(provided=["boto3"]),
        digest(distributions=["dotflow-aws"]),
        digest(python="3.13"),
    ]
    assert digest() == variants[0]
    assert len(set(variants)) == len(variants)
    (shop / "shop" / "steps.py").write_text("")
    assert digest() != variants[0]
    assert len(digest()) == 64


def test_package_goes_with_its_builder(shop: Path) -> None:
    """A zip file takes no room any longer than its builder is needed."""
    builder = ZipBuilder(load_project(shop))
    made = builder.build(silent)
    assert builder.build(silent) == made
    assert made.is_file()
    del builder
    assert not made.exists()


def test_unknown_platform(shop: Path) -> None:
    """A platform that no wheel can be for is refused with an example."""
    with pytest.raises(InvalidProject, match=r"'win32'.*manylinux2014_x86_64"):
        ZipBuilder(load_project(shop), platform="win32")


def test_without_pip(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without pip is told how to get it."""
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(BuildError, match=r"has no pip.*ensurepip"):
        build(shop)
