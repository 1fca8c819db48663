"""`StorageFile`: one JSON file for each checkpoint."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dotflow.codec.codec import Codec, read_header
from dotflow.errors import DecodeError
from dotflow.providers import _durable
from dotflow.providers._file_names import file_name, key_of
from dotflow.providers.headed_records import HeadedRecords, end_of, is_past

TYPE_CHECKING = False
if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.model.context import Context

_SUFFIX = ".json"


class StorageFile(HeadedRecords):
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

    Raises:
        ValueError: There is no such codec.
    """

    shared = True
    _unit = "file"

    def __init__(
        self,
        *args: str | os.PathLike[str],
        path: str | os.PathLike[str] | None = None,
        codec: str = "pickle",
    ) -> None:
        if len(args) + (path is not None) > 1:
            raise TypeError("StorageFile takes one path.")
        given = args[0] if args else path
        if given is None:
            given = os.environ.get("DOTFLOW_OUTPUT_PATH") or ".output"
        # Absolute, so that a later chdir does not move the storage.
        self.path = Path(given).absolute()
        self._folder = self.path / "tasks"
        self._codec = Codec.named(codec)
        self._swept = False

    def post(
        self,
        key: str,
        context: Context,
        ttl: float | None = None,
        fingerprint: str | None = None,
    ) -> None:
        """Store a context durably; see `Storage.post`."""
        path = self._path(key)
        data = self._encode(key, context, end_of(ttl), fingerprint)
        with self._failing("write", path):
            # The slow part, and so outside the lock. A kill before the rename leaves
            # the old value and a file that a later process sweeps away.
            temporary = self._write(data)
            try:
                # Only a swap needs it, to see that nothing changed under its hands.
                with _durable.folder_lock(self._folder, required=False):
                    _durable.replace(temporary, path)
            except BaseException:
                _durable.discard(temporary)
                raise
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

    def atomic_swap(
        self,
        key: str,
        expected: Context | None,
        new: Context,
        ttl: float | None = None,
        fingerprint: str | None = None,
    ) -> bool:
        """Store `new` if the key holds `expected`; see `Storage.atomic_swap`."""
        name = self._name_of(key)
        path = self._folder / name
        data = self._encode(key, new, end_of(ttl), fingerprint)
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
                _durable.sync_folder(self._folder)
            else:
                _durable.discard(temporary)
            return swapped

    def _name_of(self, key: str) -> str:
        return file_name(key)

    def address(self, name: str) -> str:
        """Return the path of a file; see `HeadedRecords.address`."""
        return str(self._folder / name)

    def _read_record(self, name: str) -> bytes | None:
        path = self._folder / name
        with self._failing("read", path):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def read_header(self, name: str) -> dict[str, Any] | None:
        """Return the first line of a file; see `HeadedRecords.read_header`."""
        path = self._folder / name
        with self._failing("read", path), self._reading(name):
            try:
                with path.open("rb") as file:
                    return read_header(file.readline())
            except (FileNotFoundError, IsADirectoryError):
                return None

    def _path(self, key: str) -> Path:
        return self._folder / self._name_of(key)

    def _write(self, data: bytes) -> Path:
        # Once is enough: what others abandon meanwhile waits for the next process.
        if not self._swept:
            _durable.sweep(self._folder)
            self._swept = True
        return _durable.write_temporary(self._folder, data)

    def _keys(self, prefix: str) -> list[str]:
        """Return the keys of all files, expired and damaged ones among them."""
        with self._failing("read", self._folder):
            try:
                names = [entry.name for entry in os.scandir(self._folder)]
            except FileNotFoundError:
                return []
        keys = []
        for name in names:
            if name.startswith("."):
                continue
            key = key_of(name)
            if key is None:
                key = self._hashed_key(name)
            if key is not None and key.startswith(prefix):
                keys.append(key)
        return keys

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
                    removed += live
            _durable.sync_folder(self._folder)
        return removed

    @contextmanager
    def _failing(self, doing: str, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _durable.failure(doing, path, error) from error
