"""Writing files so that neither a kill nor a power cut leaves half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from dotflow.base.private import create, make_folders
from dotflow.errors import StorageError, SwapNotSupported

Identity = tuple[int, int]
"""The device of a file, and its number there."""

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


def identity(path: str | Path) -> Identity | None:
    """Return what tells a file or folder from another of the same name.

    None where there is none. Where a system gives no numbers, as some network drives of
    Windows, only that it is missing can be seen.

    Args:
        path: The file or folder.

    Raises:
        StorageError: The system does not tell.
    """
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise failure("look for", path, error) from error
    return found.st_dev, found.st_ino


def moved(path: str | Path) -> StorageError:
    """Return the error for a file or folder that is not the one that was used before.

    Args:
        path: The file or folder.
    """
    return StorageError(
        f"{path} was deleted or replaced while it was in use: what was stored in it"
        " before is gone. It is made or opened anew from here on; run again what is"
        " missing."
    )


def write_temporary(folder: Path, data: bytes, sync: bool = True) -> Path:
    """Write a new file beside its later place, and onto the disk.

    Args:
        folder: Where; it is made if it is missing.
        data: The whole content.
        sync: Whether a power cut may not take it back, which costs a wait for the disk.

    Returns:
        The file, which nobody else knows and `replace` gives its name.
    """
    path = folder / f"{_TEMPORARY}{os.getpid()}-{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        descriptor = create(path, flags)
    except FileNotFoundError:
        make_folder(folder)
        descriptor = create(path, flags)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            # Before the rename: a power cut could else leave the name without the data.
            if sync:
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


def sync_files(folder: Path, paths: Sequence[Path]) -> None:
    """Put files, and the names in their folder, onto the disk: together where possible.

    Args:
        folder: The folder.
        paths: The files, which may be gone by now.
    """
    if _sync_filesystem(folder):
        return
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            continue
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_folder(folder)


def _sync_filesystem(folder: Path) -> bool:
    """Put all of a file system onto the disk, and say whether the system can.

    One wait, however many files there are: of a thousand each by itself would be one.
    """
    import ctypes
    import sys

    if sys.platform != "linux":
        return False
    system = ctypes.CDLL(None, use_errno=True)
    if not hasattr(system, "syncfs"):
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if system.syncfs(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    finally:
        os.close(descriptor)
    return True


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and put their names onto the disk."""
    # From the top: a folder's name is on the disk once the folder above is.
    for path in make_folders(folder):
        sync_folder(Path(path).parent)


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
    descriptor = create(folder / _LOCK, os.O_RDWR)
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            if required:
                raise SwapNotSupported(
                    f"The file system of {folder} has no locks ({error.strerror}): take"
                    " a folder on a local disk."
                ) from error
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
