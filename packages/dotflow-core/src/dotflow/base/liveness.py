"""Which process a record belongs to, and whether it still lives."""

from __future__ import annotations

import os
import sys
import time
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# A run elsewhere, in a container say, shows that it goes on by its heartbeat alone.
SILENCE_SECONDS = 60.0


def hostname() -> str:
    """Return the machine's name, or `"local"` where it has none."""
    if sys.platform != "win32":
        # As `socket.gethostname`, whose module takes longer to load than a short run.
        return os.uname().nodename or "local"
    import socket

    try:
        return socket.gethostname() or "local"
    except OSError:
        return "local"


def process_token(pid: int | None = None) -> str:
    """Return what names a process: its host, its id, and when it began.

    Ids are used again, so the beginning tells a process from a former one; so are
    beginnings after a reboot, which the boot tells, and both in each container.
    """
    return _own_token(os.getpid()) if pid is None else _token(pid)


def _token(pid: int) -> str:
    return f"{hostname()}/{pid}/{_beginning(pid)}{_machine()}"


_own_token = cache(_token)


def is_dead(token: str) -> bool:
    """Say whether the process is known to have ended; of another host it never is."""
    _, pid = host_and_pid(token)
    if not pid or not _is_here(token):
        return False
    beginning, _, boot = token.rpartition("/")[2].partition("@")
    if boot and boot.partition(":")[0] != _boot():
        return True  # the machine was started anew since
    return not _runs(pid) or _beginning(pid) != beginning


def is_alive(token: str) -> bool:
    """Say whether the process is known to go on; of another host it never is."""
    return _is_here(token) and not is_dead(token)


def has_died(process: str, heartbeat: float) -> bool:
    """Say whether the process of a run is gone.

    Args:
        process: What `process_token` gave there.
        heartbeat: When the run was last known to go on, in seconds since the epoch.
    """
    beginning, _, machine = process.rpartition("/")[2].partition("@")
    silent = time.time() - heartbeat > SILENCE_SECONDS
    boot = machine.partition(":")[0]
    # Of another boot it is before a restart, or on another machine of the same name, as
    # containers often are: its heartbeat tells. So it does where nobody knows when a
    # process began, and its id may be that of a later one.
    if (
        not _is_here(process)
        or (boot and boot != _boot())
        or (silent and not beginning)
    ):
        return silent
    return is_dead(process)


def _is_here(token: str) -> bool:
    """Say whether this process could see the one of a token.

    Containers of one machine may have one name, and the same ids for other processes.
    """
    if host_and_pid(token)[0] != hostname():
        return False
    boot, _, container = token.rpartition("@")[2].partition(":")
    mine, _, own = _machine()[1:].partition(":")
    return not container or boot != mine or container == own


def _boot() -> str:
    return _machine()[1:].partition(":")[0]


@cache
def _machine() -> str:
    """Return `@`, which boot of a machine this is, and `:`, which of its containers.

    `""` where processes have beginnings of the wall clock, or none.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read(8)
        return f"@{boot}:{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def host_and_pid(process: str) -> tuple[str, int]:
    """Return the host and the process id of a process token."""
    host, _, pid = process.rpartition("/")[0].rpartition("/")
    return host, int(pid) if pid.isdigit() else 0


def _beginning(pid: int) -> str:
    """Return when a process began, in the kernel's own units; `""` if not told."""
    if sys.platform == "win32":
        return _beginning_on_windows(pid)
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


def _beginning_on_windows(pid: int) -> str:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
    handle = kernel.OpenProcess(0x1000, False, pid)
    if not handle:
        return ""
    times = [ctypes.c_ulonglong() for _ in range(4)]
    kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
    kernel.CloseHandle(handle)
    return str(times[0].value)


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


def at_fork(
    before: Callable[[], None], parent: Callable[[], None], child: Callable[[], None]
) -> None:
    """Have functions called around each fork of this process, where there are forks.

    Args:
        before: Called before it.
        parent: Called after it in the process that forks.
        child: Called after it in the new one.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=parent, after_in_child=child)
