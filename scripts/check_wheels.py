"""Run the tests against the built wheels, each package alone: `hatch run check-wheels`.

The workspace installs everything together and editable, which hides a missing file or
dependency. Here every wheel of `dist/` gets an environment of its own, with what it
requires, pytest and hypothesis, and nothing else. `dotflow-core` comes without any
package index at all, which proves that it needs nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
TEST_TOOLS = ("hypothesis", "pytest>=9")
# Where what a package's tests need besides stands, beside its environment.
ENVIRONMENTS = tomllib.loads((ROOT / "hatch.toml").read_text("utf-8"))["envs"]
# Its environment has all that it could test; the wheel needs no more than these.
TEST_NEEDS = {"dotflow-deploy": ["croniter", "hatchling"], "dotflow-server": ["httpx"]}
# What takes long and could not tell a wheel from a checkout: tests that kill processes,
# fail at every request, or wait for what does not answer.
LEFT_OUT: dict[str, tuple[str, ...]] = {
    "dotflow-aws": ("test_faults.py", "test_history.py", "test_resume.py"),
    "dotflow-cli": (
        "test_fuzz.py",
        "test_history.py",
        "test_init.py",
        "test_manners.py",
        "test_schedule.py",
        "test_started_factory.py",
        "test_stopping.py",
        "test_storage.py",
        "test_surroundings.py",
        "test_workflows.py",
    ),
    "dotflow-core": (
        "contracts",
        "core/test_resume_edited.py",
        "core/test_resume_histories.py",
        "core/test_readme_scripts.py",
        "engine",
        "history",
        "mapping",
        "pipeline",
        "providers/test_masking.py",
        "serving",
        "storage",
        "subworkflows",
        "telling",
    ),
    "dotflow-dask": ("test_contract.py", "test_dask.py"),
    "dotflow-deploy": (
        "alibaba",
        "aws",
        "build",
        "commands/test_aws.py",
        "compile",
        "compose",
        "gcp",
        "github",
        "kubernetes",
        "platforms/handlers",
        "platforms/test_ci.py",
        "platforms/test_compiled.py",
        "platforms/test_image.py",
        "platforms/test_scripts.py",
        "platforms/test_valid_files.py",
        "schedule",
    ),
    "dotflow-discord": ("test_delivery.py",),
    "dotflow-gcp": ("test_faults.py", "test_resume.py"),
    "dotflow-otel": ("test_fault_contract.py", "test_faults.py", "test_traces.py"),
    "dotflow-postgres": ("test_failures.py", "test_history.py", "test_resume.py"),
    "dotflow-ray": ("test_cluster.py",),
    "dotflow-redis": ("test_failures.py", "test_history.py", "test_resume.py"),
    "dotflow-scheduler": ("test_overlap.py", "test_stopping.py"),
    "dotflow-sentry": ("test_reports.py",),
    "dotflow-server": ("browser", "test_client.py", "test_openapi.py"),
    "dotflow-telegram": ("test_delivery.py",),
}
# Imports every module, but for those that need an extra of the distribution, and those
# of dotflow 1.x that say of themselves that nothing took their place.
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except ImportError as error:
            own = (error.name or "").startswith("dotflow")
            if own and error.name != found.name:
                raise
"""


def check(wheel: Path, work: Path) -> bool:
    """Install one wheel into an empty environment and run its package's tests.

    What the commands say is printed at the end, since others run beside it.

    Args:
        wheel: The wheel, in the folder that holds all others too.
        work: Folder for the environment, with `constraints.txt`.

    Returns:
        Whether every command ended well.
    """
    said: list[str] = [f"--- {wheel.name.removesuffix('-py3-none-any.whl')}\n"]
    try:
        _check(wheel, work, said)
    except subprocess.CalledProcessError as error:
        said.append(f"{error}\n")
        return False
    else:
        return True
    finally:
        print("".join(said), end="", flush=True)


def _check(wheel: Path, work: Path, said: list[str]) -> None:
    distribution = wheel.name.partition("-")[0]
    name = distribution.replace("_", "-")
    environment = work / distribution
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    # As if the environment were activated, and the workspace's were not.
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environ["VIRTUAL_ENV"] = str(environment)
    environ["PATH"] = os.pathsep.join([str(scripts), environ["PATH"]])

    def run(*command: str | Path) -> None:
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said.append(result.stdout)
        result.check_returncode()

    # Without a pip of its own, which some systems cannot give it: ours reaches it too.
    venv.create(environment)
    pip = (sys.executable, "-m", "pip", "--python", python, "--quiet")
    # The core has to install where there is no index: it needs nothing.
    index = ["--no-index"] if name == "dotflow-core" else []
    own: list[str | Path] = [
        "--find-links",
        DIST,
        "--constraint",
        work / "constraints.txt",
    ]
    run(*pip, "install", *index, *own, name)
    run(*pip, "check")
    if name != "dotflow":
        package = "dotflow" if name == "dotflow-core" else distribution
        run(python, "-W", "error", "-c", IMPORT_ALL, package)
    tests = ROOT / "packages" / name / "tests"
    if tests.is_dir():
        run(*pip, "install", *TEST_TOOLS, *_needs(name))
        left_out = [f"--ignore={tests / folder}" for folder in LEFT_OUT.get(name, ())]
        options = ("-q", "-p", "no:cacheprovider")
        run(python, "-m", "pytest", *options, *left_out, tests)
    else:
        run(scripts / "dotflow", "--version")


def main() -> None:
    """Check the wheels of the distributions named as arguments, by default all."""
    wheels = sorted(DIST.glob("*.whl"))
    if chosen := {name.replace("-", "_") for name in sys.argv[1:]}:
        wheels = [wheel for wheel in wheels if wheel.name.split("-")[0] in chosen]
    if not wheels:
        raise SystemExit(f"no wheels in {DIST}: run `hatch run build` first")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        # Ours are those just built, whatever an index may offer under the same names.
        pins = ["{}=={}\n".format(*w.name.split("-")[:2]) for w in DIST.glob("*.whl")]
        (work / "constraints.txt").write_text("".join(pins), encoding="utf-8")
        # Those with the most tests first, so that none of them runs alone at the end.
        wheels.sort(key=lambda wheel: -len(_tests(wheel)))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            passed = list(pool.map(lambda wheel: check(wheel, work), wheels))
    if not all(passed):
        raise SystemExit(1)


def _needs(name: str) -> list[str]:
    environment = ENVIRONMENTS.get(name.removeprefix("dotflow-"), {})
    needs: list[str] = environment.get("extra-dependencies", [])
    return TEST_NEEDS.get(name, needs)


def _tests(wheel: Path) -> list[Path]:
    name = wheel.name.partition("-")[0].replace("_", "-")
    return list((ROOT / "packages" / name / "tests").rglob("test_*.py"))


if __name__ == "__main__":
    main()
