"""Whatever is typed: never a traceback of ours, never exit code 0 on an error."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    "cancel",
    "cloud",
    "deploy",
    "doctor",
    "graph",
    "init",
    "logout",
    "logs",
    "retry",
    "runs",
    "show",
    "start",
    "storage",
)
OPTIONS = (
    "--step",
    "--workflow",
    "--param",
    "--callback",
    "--initial-context",
    "--storage",
    "--path",
    "--mode",
    "--workflow-id",
    "--resume",
    "--only",
    "--from",
    "--dry-run",
    "--keep-going",
    "--max-parallel",
    "--deadline",
    "--progress",
    "--json",
    "--status",
    "--since",
    "--limit",
    "--task",
    "--format",
    "--output",
    "--reason",
    "--retry",
    "--docker",
    "-s",
    "-w",
    "-i",
    "-o",
    "-p",
    "-m",
    "-n",
    "-t",
)
VALUES = (
    "steps:chain",
    "steps.one",
    "steps.py:flow",
    "steps:workflow",
    "steps:nothing",
    "steps:pipeline",
    "one",
    "absent",
    "latest",
    "nightly",
    "file",
    "sqlite",
    "default",
    "sqlite:///runs.db",
    "sqlite://x",
    "redis://a:b@c",
    "s3://",
    "file:",
    "parallel",
    "threads",
    "svg",
    "json",
    "0",
    "1",
    "-1",
    "1e999",
    "nan",
    "@",
    "-",
    "@steps.py",
    "a=1",
    "=1",
    "=,",
    "{}",
    "[1",
    "24h",
    "2026-01-31",
    "../up",
    "..",
    "/",
    ".",
    "failed",
)
words = st.one_of(
    st.sampled_from(OPTIONS),
    st.sampled_from(VALUES),
    st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
    ),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(command=st.sampled_from(COMMANDS), arguments=st.lists(words, max_size=6))
def test_options(
    program: Path,
    folder: Path,
    environ: dict[str, str],
    command: str,
    arguments: list[str],
) -> None:
    """Any arguments give an answer or a message, and the exit code fits."""
    result = subprocess.run(
        [program, command, *arguments],
        cwd=folder,
        env=environ,
        input=b"",
        capture_output=True,
        timeout=120,
    )
    errors = result.stderr.decode("utf-8", "replace")
    assert result.returncode in (0, 1, 2), errors
    if "dotflow_cli" not in " ".join(arguments):  # which the message may repeat
        assert "dotflow_cli" not in errors
    assert "may be a defect" not in errors
    if "Error:" in errors and "Traceback" not in errors:
        assert result.returncode != 0, errors


@pytest.mark.skipif(os.name == "nt", reason="arguments are bytes on Unix alone")
@pytest.mark.parametrize("argument", [b"\xff", b"\x1b[31m", b"a\nb"])
def test_bytes(
    program: Path, folder: Path, environ: dict[str, str], argument: bytes
) -> None:
    """Arguments that are no text give a message too."""
    commands = (
        [b"start", b"-s", argument],
        [b"start", b"-w", argument + b".py:a"],
        [b"show", argument],
        [b"init", argument],
        [b"start", b"-s", b"steps.greet", b"-i", b"@" + argument],
        [b"runs", b"-o", b"sqlite:" + argument],
        [b"graph", b"-w", b"steps:chain", b"--output", b"no/" + argument],
        [argument],
    )
    for command in commands:
        result = subprocess.run(
            [os.fsencode(program), *command],
            cwd=folder,
            env=environ,
            capture_output=True,
        )
        assert result.returncode in (1, 2), result.stderr
        assert b"dotflow_cli" not in result.stderr
        assert b"may be a defect" not in result.stderr
