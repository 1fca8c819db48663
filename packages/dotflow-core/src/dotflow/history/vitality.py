"""Whether a run that has not ended can still end."""

from __future__ import annotations

import time

from dotflow.base.liveness import hostname, is_dead

# A run elsewhere, in a container say, shows that it goes on by its heartbeat alone.
SILENCE_SECONDS = 60.0


def has_died(process: str, heartbeat: float) -> bool:
    """Say whether the process of a run is gone.

    Args:
        process: What `process_token` gave there.
        heartbeat: When the run was last known to go on, in seconds since the epoch.
    """
    if host_and_pid(process)[0] == hostname():
        return is_dead(process)
    return time.time() - heartbeat > SILENCE_SECONDS


def host_and_pid(process: str) -> tuple[str, int]:
    """Return the host and the process id of a process token."""
    host, _, pid = process.rpartition("/")[0].rpartition("/")
    return host, int(pid) if pid.isdigit() else 0
