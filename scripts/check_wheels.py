"""Run the tests against the built wheels, each package alone: `hatch run check-wheels`.

The workspace installs everything together and editable, which hides a missing file or
dependency. Here every wheel of `dist/` gets an environment of its own, with what it
requires, pytest with xdist and hypothesis, and nothing else. `dotflow-core` comes without any
package index at all, which proves that it needs nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
TEST_TOOLS = ("hypothesis", "pytest>=9", "pytest-xdist")
# What the tests of a package need besides, and its users may do without.
TEST_NEEDS = {
    "dotflow-cli": ("pyte",),
    "dotflow-aws": ("moto[s3,server]",),
    "dotflow-otel": ("opentelemetry-exporter-otlp-proto-http",),
}
# What takes minutes and could not tell a wheel from a checkout: tests that kill processes.
LEFT_OUT = {"dotflow-core": ("engine",)}


def check(wheel: Path, work: Path) -> None:
    """Install one wheel into an empty environment and run its package's tests.

    Args:
        wheel: The wheel, in the folder that holds all others too.
        work: Folder for the environment, with `constraints.txt`.

    Raises:
        SystemExit: A command failed; the exit code is the command's.
    """
    distribution, version = wheel.name.split("-")[:2]
    name = distribution.replace("_", "-")
    environment = work / distribution
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    # As if the environment were activated, and the workspace's were not.
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environ["VIRTUAL_ENV"] = str(environment)
    environ["PATH"] = os.pathsep.join([str(scripts), environ["PATH"]])

    def run(*command: str | Path) -> None:
        result = subprocess.run(command, cwd=ROOT, env=environ)
        if result.returncode:
            raise SystemExit(result.returncode)

    print(f"--- {name} {version}", flush=True)
    # Without a pip of its own, which some systems cannot give it: ours reaches it too.
    venv.create(environment)
    pip = (sys.executable, "-m", "pip", "--python", python, "--quiet")
    # The core has to install where there is no index: it needs nothing.
    index = ["--no-index"] if name == "dotflow-core" else []
    own = ["--find-links", DIST, "--constraint", work / "constraints.txt"]
    run(*pip, "install", *index, *own, name)
    run(*pip, "check")
    tests = ROOT / "packages" / name / "tests"
    if tests.is_dir():
        run(*pip, "install", *TEST_TOOLS, *TEST_NEEDS.get(name, ()))
        left_out = [f"--ignore={tests / folder}" for folder in LEFT_OUT.get(name, ())]
        options = ("-q", "-p", "no:cacheprovider", "--numprocesses=auto")
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
        for wheel in wheels:
            check(wheel, work)


if __name__ == "__main__":
    main()
