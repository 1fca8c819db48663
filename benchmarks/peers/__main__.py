"""Measure dotflow and its peers, each in an environment of its own: `hatch run bench:peers`.

It makes the environments, which takes minutes and a gigabyte, so CI does not run it. With
names of peers it measures these alone; `--write` puts the table into
`docs/performance.md`, where it stands between two marks.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import signal
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers import workload

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- peers -->", "<!-- /peers -->"
# A row that takes longer is given up.
LIMIT_SECONDS = 120
# What a server may take to begin, beside that.
SERVER_SECONDS = 120
IMPORT_TIMES = 5


@dataclass(frozen=True)
class Peer:
    """One of those that are compared.

    Attributes:
        name: What the table calls it.
        script: Its script in this folder, without the suffix.
        requirement: What is installed.
        code: What a script that declares tasks imports.
        server: Whether its script starts a server first.
    """

    name: str
    script: str
    requirement: str
    code: str
    server: bool = False


PEERS = (
    Peer(
        "dotflow",
        "with_dotflow",
        str(ROOT / "packages" / "dotflow-core"),
        "from dotflow import DotFlow, action",
    ),
    Peer(
        "dotflow 1",
        "with_dotflow_1",
        "dotflow==1.0.1",
        "from dotflow import DotFlow, action",
    ),
    Peer("flowrun", "with_flowrun", "flowrun-dag", "from flowrun import Engine"),
    Peer("Hamilton", "with_hamilton", "sf-hamilton", "from hamilton import driver"),
    Peer("Prefect", "with_prefect", "prefect", "from prefect import flow, task", True),
    Peer("Dagster", "with_dagster", "dagster", "from dagster import job, op"),
    Peer("DBOS", "with_dbos", "dbos", "from dbos import DBOS"),
    Peer("Luigi", "with_luigi", "luigi", "import luigi"),
    Peer("Dask", "with_dask", "dask", "from dask import delayed"),
)


class Environment:
    """A virtual environment with one peer in it; made where it is not there.

    Args:
        folder: Where.
        requirement: What is installed.
    """

    def __init__(self, folder: Path, requirement: str) -> None:
        self.python = folder / "bin" / "python"
        if not self.python.exists():
            venv.create(folder, with_pip=True)
        self._pip("install", "--quiet", requirement)

    def _pip(self, *arguments: str) -> str:
        command = [str(self.python), "-m", "pip", *arguments]
        ran = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, timeout=1800
        )
        return ran.stdout

    def installed(self) -> dict[str, str]:
        """Return the versions of all distributions, without pip's own."""
        listed = json.loads(self._pip("list", "--format=json"))
        return {
            found["name"].lower(): found["version"]
            for found in listed
            if found["name"] not in ("pip", "setuptools", "wheel")
        }

    def import_seconds(self, code: str) -> float:
        """Return the processor time that an import adds to an empty program."""
        self._cpu(code)  # which compiles it
        return min(self._cpu(code) for _ in range(IMPORT_TIMES)) - min(
            self._cpu("pass") for _ in range(IMPORT_TIMES)
        )

    def _cpu(self, code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([str(self.python), "-c", code], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def row(
        self, script: Path, row: str, folder: Path, seconds: float
    ) -> float | str | None:
        """Return what a peer's script has found for one row; why not, as a text."""
        folder.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(
            [str(self.python), str(script), row],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"over {LIMIT_SECONDS} s"
        finally:
            # With the servers and workers that it has started.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # nothing of it is left
            process.wait()
        found = re.search(r"^FOUND (.*)$", output, re.MULTILINE)
        value: float | str | None = json.loads(found[1]) if found else "failed"
        return value


def main() -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("names", nargs="*", help="peers, as the table calls them")
    parser.add_argument("--folder", type=Path, default=ROOT / ".peers")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.name}")
    arguments = parser.parse_args()
    lines = [
        (
            "| | version, with how many others | import | chain | fan | durable chain"
            " | processes |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    for peer in PEERS:
        if not arguments.names or peer.name in arguments.names:
            lines.append(_line(peer, arguments.folder.absolute()))
            print(lines[-1], file=sys.stderr)
    text = "\n".join([*lines, "", _machine()])
    print(text)
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        after = rest.partition(END)[2]
        page = f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"
        PAGE.write_text(page, encoding="utf-8")


def _line(peer: Peer, folder: Path) -> str:
    environment = Environment(folder / peer.script, peer.requirement)
    installed = environment.installed()
    own = "dotflow-core" if peer.script == "with_dotflow" else peer.requirement
    version = installed[own.partition("=")[0]]
    script = HERE / f"{peer.script}.py"
    seconds = LIMIT_SECONDS + (SERVER_SECONDS if peer.server else 0)
    work = folder / "work" / peer.script
    found = {
        row: environment.row(script, row, work / row, seconds) for row in workload.ROWS
    }
    cells = [
        f"**{peer.name}**" if peer.script == "with_dotflow" else peer.name,
        f"{version}, {len(installed) - 1}",
        f"{environment.import_seconds(peer.code) * 1e3:.0f} ms",
        _each(found["chain"], workload.CHAIN),
        _each(found["fan"], workload.FAN + 1),
        _each(found["durable"], workload.CHAIN),
        _told(found["spins"], lambda times: f"{times:.2f} ×"),  # noqa: RUF001
    ]
    return f"| {' | '.join(cells)} |"


def _each(found: float | str | None, tasks: int) -> str:
    def each(seconds: float) -> str:
        micros = seconds / tasks * 1e6
        return f"{micros:,.0f} µs" if micros < 10_000 else f"{micros / 1e3:,.0f} ms"

    return _told(found, each)


def _told(found: float | str | None, tell: Callable[[float], str]) -> str:
    if found is None:
        return "–"  # noqa: RUF001 - the dash of a table
    return found if isinstance(found, str) else tell(found)


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    words = {1: "one core", 2: "two cores", 4: "four cores"}
    return (
        f"Measured with Python {platform.python_version()} on"
        f" {words.get(cores, f'{cores} cores')} of a shared {platform.system()} machine:"
        " compare within the table, not with another one."
    )


if __name__ == "__main__":
    main()
