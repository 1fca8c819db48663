"""`FileRecords`: the history of `StorageFile`, in a folder beside the checkpoints."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dotflow.errors import DecodeError
from dotflow.providers import _durable
from dotflow.providers._file_names import file_name, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow.history.records import Record

_write = json.JSONEncoder(separators=(",", ":")).encode


class FileRecords:
    """Keeps each record in a file; see `dotflow.history.records.Records`.

    A kill leaves the old record or the new one. They are not waited for until they are
    on the disk, which checkpoints are: a power cut may take the last ones.

    Args:
        folder: The folder, made at the first write.
    """

    slow = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._swept = False

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def put(self, name: str, record: Record) -> None:
        """Keep a record; see `Records.put`."""
        path = self._folder / file_name(name)
        data = _write(record).encode()
        with _failing("write", path):
            if not self._swept:
                _durable.sweep(self._folder)
                self._swept = True
            temporary = _durable.write_temporary(self._folder, data, sync=False)
            try:
                _durable.replace(temporary, path)
            except BaseException:
                _durable.discard(temporary)
                raise

    def get(self, name: str) -> Record | None:
        """Return a record; see `Records.get`."""
        path = self._folder / file_name(name)
        with _failing("read", path):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return None
        try:
            record: Record = json.loads(data)
        except ValueError as error:
            raise DecodeError(f"{path} is damaged: {error}. Delete it.") from error
        if not isinstance(record, dict):
            raise DecodeError(f"{path} is no part of a history. Delete it.")
        return record

    def names(self, prefix: str) -> list[str]:
        """Return the sorted names that begin so; see `Records.names`."""
        with _failing("read", self._folder):
            try:
                files = os.listdir(self._folder)
            except FileNotFoundError:
                return []
        found = [key_of(file) for file in files if file.startswith(prefix)]
        return sorted(name for name in found if name is not None)

    def remove(self, name: str) -> None:
        """Remove a record; see `Records.remove`."""
        path = self._folder / file_name(name)
        with _failing("delete", path):
            path.unlink(missing_ok=True)


@contextmanager
def _failing(doing: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _durable.failure(doing, path, error) from error
