"""Who may read what storages and logs leave behind: their owner, unless asked otherwise.

Results may be secret, and whoever may write to a store with pickles runs code in whoever
reads it. So who may write to a file that decides what is run is asked here, too.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "DOTFLOW_FILE_MODE"
_OWNER = 0o600


def file_mode() -> int:
    """Return the mode of new files: 0600, or what the variable asks for in octal."""
    asked = os.environ.get(VARIABLE, "")
    try:
        mode = int(asked, 8)
    except ValueError:
        return _OWNER
    return mode & 0o666 | _OWNER


def folder_mode() -> int:
    """Return the mode of new folders: whoever may read the files may enter."""
    mode = file_mode()
    return mode | (mode & 0o444) >> 2


def create(path: str | os.PathLike[str], flags: int, *, follow: bool = False) -> int:
    """Open a file that may be new; return its descriptor.

    Args:
        path: The file.
        flags: As of `os.open`, beside `O_CREAT`.
        follow: Whether a link is opened, which somebody else may have put there.

    Raises:
        OSError: It cannot be opened.
    """
    mode = file_mode()
    flags |= os.O_CREAT | (0 if follow else getattr(os, "O_NOFOLLOW", 0))
    # Nobody but the owner at first: a moment would be enough to open it.
    try:
        descriptor = os.open(path, flags | os.O_EXCL, _OWNER)
    except FileExistsError:
        if flags & os.O_EXCL:
            raise
        return os.open(path, flags, _OWNER)
    if mode != _OWNER:  # whatever the umask says: it was asked for
        os.chmod(descriptor if os.chmod in os.supports_fd else path, mode)
    return descriptor


def write_own(path: str | os.PathLike[str], content: bytes) -> None:
    """Put a secret in the place of a file, for its owner alone whatever the variable says.

    Args:
        path: The file; the folder it is in may be missing.
        content: All that it is to hold.

    Raises:
        OSError: It cannot be written; one that was there is as it was.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    temporary = f"{os.fspath(path)}.{os.getpid()}.tmp"
    try:
        # The mode is set by the call that creates the file: at no moment can another
        # user read it.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(temporary, flags, _OWNER), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def make_folders(path: str | os.PathLike[str]) -> list[str]:
    """Make a folder and those above it that are missing.

    Args:
        path: The folder.

    Returns:
        Those that were made, from the top.
    """
    missing: list[str] = []
    folder = os.fspath(path)
    while folder and not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    mode = folder_mode()
    for one in missing:
        try:
            os.mkdir(one, 0o700)
        except FileExistsError:
            if not os.path.isdir(one):
                raise
        else:
            if mode != 0o700:
                os.chmod(one, mode)
    return missing


def stranger(path: Path) -> str | None:
    """Return who else may have written a file or folder, in words; None for nobody.

    As git has it, whoever owns it or its folder is asked for, and not who could read it.

    Args:
        path: The file or folder; a link is looked at, and so is what it leads to.

    Raises:
        OSError: It is not there.
    """
    if os.name != "posix":
        return None
    for place, info in (
        (path, path.lstat()),
        (path, path.stat()),
        (path.parent, path.parent.stat()),
    ):
        if info.st_uid not in (os.geteuid(), 0):
            return f"{place} belongs to another user"
        # In a folder such as /tmp others cannot touch a file that is not theirs.
        kept = stat.S_ISLNK(info.st_mode) or (place != path and info.st_mode & 0o1000)
        if info.st_mode & 0o002 and not kept:
            return f"everybody may write to {place}"
    return None
