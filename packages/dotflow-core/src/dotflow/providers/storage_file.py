"""`StorageFile`: one JSON file for each checkpoint."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple

from dotflow.abc.storage import Retention, current_fence
from dotflow.base.arguments import check_choice, output_folder, refuse_address
from dotflow.codec.codec import Codec, read_header
from dotflow.errors import DecodeError
from dotflow.logging import logger
from dotflow.providers import _durable
from dotflow.providers._file_names import file_name, key_of
from dotflow.providers._former_files import (
    FORMER,
    forget_former,
    former_record,
    is_beside_former,
    is_former,
)
from dotflow.providers.grouping import Grouping, current_group
from dotflow.providers.headed_records import HeadedRecords, end_of, is_past

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Self
    from uuid import UUID

    from dotflow.abc.storage import Entry, Fence
    from dotflow.history.record_history import RecordHistory
    from dotflow.model.context import Context
    from dotflow.types import TTL, CodecName, Digest

_SUFFIX = ".json"
_LEVELS = ("FULL", "NORMAL")
# With "NORMAL" what was stored is waited for together, as often as this.
_TOGETHER_SECONDS = 1.0


class _Written(NamedTuple):
    """A file that has its content, and not yet its name.

    Attributes:
        temporary: Where it is.
        path: Where it belongs.
        fence: What has to stand when it gets there.
        synced: Whether it is on the disk.
    """

    temporary: Path
    path: Path
    fence: Fence | None
    synced: bool


class StorageFile(Grouping, HeadedRecords):
    """Keeps each context in a file of its own, below `<path>/tasks`.

    A file is written beside its place, flushed to the disk and renamed, so a kill or a
    power cut leaves the old value or the new one. Several processes may use one folder,
    on one machine. A ttl is measured by the wall clock; an expired file is not read,
    and stays until its key is stored again, deleted or cleared.

    Args:
        *args: The path, for those who give it without its name.
        path: The folder, made at the first write. By default the environment variable
            `DOTFLOW_OUTPUT_PATH`, else `.output`.
        codec: `"pickle"`: JSON, and pickle for what JSON has no form for; whoever can
            write to the folder can then run code in the reader. `"json"`: never pickle.
        synchronous: `"FULL"`: a result survives a power cut, which takes two waits for
            the disk. `"NORMAL"`: it survives a kill; results are put onto the disk
            together, once a second and when a run ends, and a power cut may take the
            last ones, whose tasks a resume runs again.
        keep_runs: How many of the newest runs the history keeps, below
            `<path>/history`; None for all, 0 to keep no history.
        keep_days: After how many days it forgets a run; None for never.

    Raises:
        ProviderError: There is no such `synchronous`.
        ValueError: There is no such codec, the path is an address, or a number is out
            of range.
    """

    shared = True
    reach = "host"
    _unit = "file"
    # Of the class, as pickles of former versions have neither: which folder was used
    # last, and the file of the lease that was read last.
    _known: _durable.Identity | None = None
    _seen: tuple[Fence, int, int] | None = None
    _synchronous: str = "FULL"

    def __init__(
        self,
        *args: str | os.PathLike[str],
        path: str | os.PathLike[str] | None = None,
        codec: CodecName = "pickle",
        synchronous: Literal["FULL", "NORMAL"] = "FULL",
        keep_runs: int | None = 1000,
        keep_days: float | None = None,
    ) -> None:
        if len(args) + (path is not None) > 1:
            raise TypeError("StorageFile takes one path.")
        given = args[0] if args else path
        if given is None:
            given = output_folder()
        else:
            refuse_address("StorageFile", given)
        level = synchronous.upper()
        check_choice("StorageFile", "synchronous", level, _LEVELS)
        self._synchronous = level
        self._codec = Codec.named(codec)
        self.retention = Retention(keep_runs, keep_days)
        self._place(given)

    def at(self, path: str | os.PathLike[str]) -> Self:
        """Return the same storage in another folder.

        Args:
            path: The folder.
        """
        refuse_address("StorageFile", path)
        other = copy(self)
        other._place(path)  # noqa: SLF001 - another one of the same class
        return other

    def _place(self, path: str | os.PathLike[str]) -> None:
        # Absolute, so that a later chdir does not move the storage.
        self.path = Path(path).absolute()
        self._folder = self.path / "tasks"
        self._swept = False
        # What is not waited for yet, and when it will be.
        self._unsynced: list[Path] = []
        self._due = 0.0
        self.__dict__.pop("_history", None)  # that of the place before

    @property
    def history(self) -> RecordHistory:
        """What the folder remembers of runs; see `Storage.history`."""
        from dotflow.history.record_history import kept_history
        from dotflow.providers._file_records import FileRecords

        return kept_history(self, FileRecords(self.path / "history"))

    def post(
        self, key: str, context: Context, ttl: TTL = None, fingerprint: Digest = None
    ) -> None:
        """Store a context durably; see `Storage.post`."""
        path = self._path(key)
        data = self._encode(key, context, end_of(ttl), fingerprint)
        # What says which run a folder belongs to is waited for in any case.
        synced = self._synchronous == "FULL" or not context.task_id
        with self._failing("write", path):
            # The slow part, and so outside the lock. A kill before the rename leaves
            # the old value and a file that a later process sweeps away.
            temporary = self._write(data, synced)
            written = _Written(temporary, path, current_fence.get(), synced)
            group = current_group.get()
            if group is not None and group.storage is self:
                group.posted.append(written)
            else:
                self._name([written])

    _own_post = post

    def _store_posted(self, posted: list[_Written]) -> None:
        """Give files their names together; see `Grouping`.

        Each file is waited for by itself and the folder once: n + 1 waits for the disk
        rather than 2 n. A kill among them leaves some of the results, each of them whole.
        """
        with self._failing("write", self._folder):
            self._name(posted)

    def _drop_posted(self, posted: list[_Written]) -> None:
        for written in posted:
            _durable.discard(written.temporary)

    def _name(self, files: list[_Written]) -> None:
        """Give files their names, and wait until the disk has them, if that is asked for.

        Raises:
            LeaseLost: A fence has fallen; nothing is stored then.
        """
        try:
            # A swap needs it, to see that nothing changed under its hands, and a write
            # under a fence, to see that it stands until then.
            fences = {file.fence for file in files}
            with _durable.folder_lock(self._folder, required=fences != {None}):
                for fence in fences:
                    self._check(fence)
                for file in files:
                    _durable.replace(file.temporary, file.path)
        except BaseException:
            self._drop_posted(files)
            raise
        self._settle([file.path for file in files if not file.synced])

    def _settle(self, unsynced: list[Path]) -> None:
        """Wait for the disk, or take note of what it is still to be waited for."""
        now = time.monotonic()
        if not self._unsynced:
            self._due = now + _TOGETHER_SECONDS
        self._unsynced += unsynced
        if unsynced and now < self._due:
            return
        if self._unsynced:
            paths, self._unsynced = self._unsynced, []
            _durable.sync_files(self._folder, paths)
        else:
            _durable.sync_folder(self._folder)

    def key(self, task: Any) -> str:
        """Return `<workflow_id>-<name>.json`."""
        return f"{task.checkpoint_key}{_SUFFIX}"

    def delete(self, key: str) -> bool:
        """Remove a key; see `Storage.delete`."""
        return self._remove([key]) == 1

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the sorted keys with a prefix; see `Storage.list_keys`."""
        return sorted(key for key in self._keys(prefix) if not self._expired(key))

    def delete_prefix(self, prefix: str) -> int:
        """Remove every key with a prefix; see `Storage.delete_prefix`."""
        return self._remove(self._keys(prefix))

    def clear(self, workflow_id: UUID | str) -> None:
        """Remove the keys of one workflow; see `Storage.clear`."""
        keys = self._keys(f"{workflow_id}-")
        self._remove([k for k in keys if self._is_of(workflow_id, k, self._name_of(k))])

    def _swap(self, key: str, expected: Context | None, new: Entry) -> bool:
        """Store `new` if the key holds `expected`; see `Storage.atomic_swap`."""
        name = self._name_of(key)
        path = self._folder / name
        context, ttl, fingerprint = new
        data = self._encode(key, context, end_of(ttl), fingerprint)
        with self._failing("write", path):
            temporary = self._write(data)
            try:
                # Without a lock there is no swap: two processes could both succeed.
                with _durable.folder_lock(self._folder, required=True):
                    record = self._read_record(name)
                    with self._reading(name):
                        swapped = self._matches(record, expected)
                    if swapped:
                        _durable.replace(temporary, path)
            except BaseException:
                _durable.discard(temporary)
                raise
            if swapped:
                self._settle([])
            else:
                _durable.discard(temporary)
            return swapped

    def _check(self, fence: Fence | None) -> None:
        """Refuse to write where the fence has fallen; see `HeadedRecords`."""
        if fence is None:
            return
        try:
            there = os.stat(f"{self._folder}/{self._name_of(fence.key)}")
        except FileNotFoundError:
            raise fence.lost() from None
        # Each change of a lease is another file, so one that was read need not be again.
        seen = (fence, there.st_ino, there.st_mtime_ns)
        if seen != self._seen:
            super()._check(fence)
            self._seen = seen

    def _name_of(self, key: str) -> str:
        return file_name(key)

    def address(self, name: str) -> str:
        """Return the path of a file; see `HeadedRecords.address`."""
        return str(self._folder / name)

    def _read_record(self, name: str) -> bytes | None:
        path = self._folder / name
        self.revisit()
        with self._failing("read", path):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return self._former(name)
        if data.startswith(FORMER):
            return former_record(path, name) or data
        return data if self._is_whole(data) else None

    def _former(self, name: str) -> bytes | None:
        """Return what 1.x has left of a key, whose file it gave another name."""
        key = key_of(name)
        if key is None or key == name:
            return None
        return former_record(self._folder / key, key)

    def _is_whole(self, data: bytes) -> bool:
        """Say whether a file, or its first line, is not one that a power cut cut off."""
        return self._synchronous == "FULL" or data.endswith(b"\n")

    def read_header(self, name: str) -> dict[str, Any] | None:
        """Return the first line of a file; see `HeadedRecords.read_header`."""
        path = self._folder / name
        with self._failing("read", path), self._reading(name):
            try:
                with path.open("rb") as file:
                    line = file.readline()
            except IsADirectoryError:
                return None
            except FileNotFoundError:
                former = self._former(name)
                return None if former is None else read_header(former)
            if line.startswith(FORMER):
                line = former_record(path, name) or line
            return read_header(line) if self._is_whole(line) else None

    def _path(self, key: str) -> Path:
        return self._folder / self._name_of(key)

    def _write(self, data: bytes, sync: bool = True) -> Path:
        # Once is enough: what others abandon meanwhile waits for the next process.
        if not self._swept:
            _durable.sweep(self._folder)
            self._swept = True
        if self._was_moved():
            raise _durable.moved(self._folder)
        temporary = _durable.write_temporary(self._folder, data, sync)
        if self._known is None:
            self._known = _durable.identity(self._folder)
        return temporary

    def revisit(self) -> None:
        """See that the folder is still there; see `Storage.revisit`."""
        if self._was_moved():
            logger.warning("%s", _durable.moved(self._folder))

    def _was_moved(self) -> bool:
        """Say, once, that the folder is not the one that was used before."""
        known, self._known = self._known, _durable.identity(self._folder)
        return known is not None and known != self._known

    def _keys(self, prefix: str) -> list[str]:
        """Return the keys of all files, expired and damaged ones among them."""
        with self._failing("read", self._folder):
            try:
                names = {entry.name for entry in os.scandir(self._folder)}
            except FileNotFoundError:
                return []
        keys = set()
        for name in names:
            if name.startswith(".") or is_beside_former(name, names):
                continue
            key = key_of(name)
            if key is None:
                key = self._hashed_key(name)
            if key is None and is_former(name):
                key = name
            if key is not None and key.startswith(prefix):
                keys.add(key)
        return list(keys)

    def _expired(self, key: str) -> bool:
        try:
            header = self.read_header(self._name_of(key))
        except DecodeError:
            return False  # listed, so that it can be found and deleted
        return header is None or is_past(header)

    def _remove(self, keys: list[str]) -> int:
        """Remove files, and return how many were live."""
        removed = 0
        with self._failing("delete from", self._folder):
            if not keys or not self._folder.is_dir():
                return 0
            with _durable.folder_lock(self._folder, required=False):
                for key in keys:
                    live = not self._expired(key)
                    self._path(key).unlink(missing_ok=True)
                    forget_former(self._folder / key, key)
                    removed += live
            _durable.sync_folder(self._folder)
        return removed

    @contextmanager
    def _failing(self, doing: str, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _durable.failure(doing, path, error) from error
