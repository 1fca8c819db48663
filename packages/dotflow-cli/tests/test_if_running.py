"""`--if-running`: what becomes of a run while another process has its workflow id."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from dotflow.engine.lease import run_lease
from dotflow.providers.storage_sqlite import StorageSQLite

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]


def test_another_run_of_the_id(dotflow: Run, folder: Path) -> None:
    """It is refused and names the process, skipped with 0, or waits for the other's end."""
    storage = StorageSQLite(folder / "kept.db")
    lease = run_lease(storage, "nightly", None)
    assert lease.take() is None
    command = ["start", "-w", "steps:chain", "-o", "sqlite", "-p", "kept.db"]
    command += ["--workflow-id", "nightly"]
    refused = dotflow(*command)
    assert refused.returncode == 1
    assert f"process {os.getpid()} on host" in refused.stderr
    assert "Traceback" not in refused.stderr
    skipped = dotflow(*command, "--if-running", "skip")
    assert (skipped.returncode, skipped.stdout) == (0, "")
    assert "Skipped" in skipped.stderr
    assert not (folder / "three").exists()
    done = []
    thread = threading.Thread(
        target=lambda: done.append(dotflow(*command, "--if-running", "wait"))
    )
    thread.start()
    lease.release()
    thread.join()
    assert done[0].returncode == 0, done[0].stderr
    assert (folder / "three").read_text() == "x"
    assert dotflow(*command, "--if-running", "never").returncode == 2
