"""Writing files so that neither a kill nor a power cut leaves half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from dotflow.errors import StorageError

_TEMPORARY = ".tmp-"
_LOCK = ".lock"
_ABANDONED = 3600.0  # seconds; no writer is silent for so long
_WINDOWS = os.name == "nt"
# How file systems without locks refuse: some network mounts.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


def failure(doing: str, path: str | Path, error: OSError) -> StorageError:
    """Return the error for an operation that the system refused.

    Args:
        doing: What was being done, e.g. `"write"`.
        path: The file or folder.
        error: What the system said.
    """
    advice = "Check that the folder exists on a working disk."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "Free some space there, then resume the run."
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        advice = "Give this user write access to it, or choose another path=."
    elif error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        advice = "Something else has that name: choose another path=."
    return StorageError(f"Cannot {doing} {path}: {error.strerror or error}. {advice}")


def write_temporary(folder: Path, data: bytes) -> Path:
    """Write a new file beside its later place, and onto the disk.

    Args:
        folder: Where; it is made if it is missing.
        data: The whole content.

    Returns:
        The file, which nobody else knows and `replace` gives its name.
    """
    path = folder / f"{_TEMPORARY}{os.getpid()}-{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags, 0o666)
    except FileNotFoundError:
        make_folder(folder)
        descriptor = os.open(path, flags, 0o666)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            # Before the rename: a power cut could else leave the name without the data.
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        discard(path)
        raise
    return path


def discard(path: Path) -> None:
    """Remove a temporary file; one that stays is removed by a later `sweep`."""
    with contextlib.suppress(OSError):
        path.unlink()


def replace(temporary: Path, path: Path) -> None:
    """Give a temporary file its name, in place of the file that has it."""
    if _WINDOWS:  # where nobody may be reading the old file at that moment
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            try:
                os.replace(temporary, path)
            except PermissionError:
                time.sleep(0.002)
            else:
                return
    os.replace(temporary, path)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder onto the disk, where the system has a way to."""
    if _WINDOWS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and put their names onto the disk."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    # From the top: a folder's name is on the disk once the folder above is.
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove the temporary files of writers that died long ago."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name.startswith(_TEMPORARY):
            # Another process may sweep at the same time.
            with contextlib.suppress(FileNotFoundError):
                if entry.stat().st_mtime < time.time() - _ABANDONED:
                    discard(Path(entry.path))


@contextlib.contextmanager
def folder_lock(folder: Path, *, required: bool) -> Iterator[None]:
    """Keep every other process and thread that asks for it out of a folder.

    The system releases the lock when its holder dies.

    Args:
        folder: The folder, which must exist.
        required: Whether to fail where the file system has no locks, rather than go on
            without one.
    """
    # Opened each time: a lock belongs to the opening, so that it also keeps threads
    # and forked children apart.
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            if required or error.errno not in _NO_LOCKS:
                raise
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    import sys

    # Spelt like this, type checkers know which half is for which system.
    if sys.platform == "win32":
        import msvcrt

        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError as error:
                if error.errno not in (errno.EDEADLK, errno.EACCES):
                    raise  # those two mean that ten seconds have passed
            else:
                return
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
