"""Which process a record belongs to, and whether it still lives."""

from __future__ import annotations

import os
import sys
import time

# A run elsewhere, in a container say, shows that it goes on by its heartbeat alone.
SILENCE_SECONDS = 60.0


def hostname() -> str:
    """Return the machine's name, or `"local"` where it has none."""
    import socket

    try:
        return socket.gethostname() or "local"
    except OSError:
        return "local"


def process_token(pid: int | None = None) -> str:
    """Return what names a process: its host, its id, and when it began.

    Ids are used again, so the beginning tells a process from a former one.
    """
    pid = os.getpid() if pid is None else pid
    return f"{hostname()}/{pid}/{_beginning(pid)}"


def is_dead(token: str) -> bool:
    """Say whether the process is known to have ended; of another host it never is."""
    host, pid = host_and_pid(token)
    if host != hostname() or not pid:
        return False
    return not _runs(pid) or process_token(pid) != token


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


def _beginning(pid: int) -> str:
    """Return when a process began, in the kernel's own units; `""` if not told."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # Its second field is a name in brackets, which may hold anything.
            return file.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return ""


def _runs(pid: int) -> bool:
    if sys.platform == "win32":
        return _runs_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it runs, as another user
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Say whether a process has ended and only its parent has not asked yet."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except (OSError, IndexError):
        return False


def _runs_on_windows(pid: int) -> bool:
    import ctypes

    # os.kill would end it there. 0x1000: PROCESS_QUERY_LIMITED_INFORMATION.
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
    handle = kernel.OpenProcess(0x1000, False, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == 259  # STILL_ACTIVE
