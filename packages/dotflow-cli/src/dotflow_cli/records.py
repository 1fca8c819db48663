"""The records of a storage, looked at without reading their values."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from dotflow.base.suggest import hint
from dotflow.codec.codec import read_header
from dotflow.codec.plain import TAG
from dotflow.errors import DecodeError
from dotflow_cli.tables import when

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

_PICKLE = f'"{TAG}":"pickle"'
_KNOWN = 20
# What StorageFile ends the key of a task with.
_SUFFIX = ".json"


class Record:
    """What is stored under a key, as text.

    Args:
        key: The key.
        text: The record.

    Attributes:
        key: The key.
        value: The stored form of the value, JSON; the text as it is where it is none.
    """

    def __init__(self, key: str, text: str) -> None:
        self.key = key
        head, _, rest = text.partition("\n")
        self._bytes = len(text.encode("utf-8", "surrogatepass"))
        self._damage: str | None = None
        self._header: dict[str, Any] = {}
        self.value: Any = text
        try:
            self._header = read_header(head)
            self.value = json.loads("{" + rest)["value"]
        except (DecodeError, ValueError, KeyError) as error:
            self._damage = f"damaged: {error}"
        self._pickled = _PICKLE in rest

    def facts(self) -> dict[str, Any]:
        """Return what is known of it, by name."""
        header, moment = self._header, self._moment()
        return {
            "key": self.key,
            "workflow": header.get("workflow_id"),
            "task_id": header.get("task_id"),
            "run": header.get("run_id"),
            "stored": None if moment is None else moment.isoformat(),
            "lineage": header.get("fingerprint"),
            "form": self._form(),
            "bytes": self._bytes,
        }

    def row(self) -> list[str]:
        """Return it as the cells of a table."""
        facts, moment = self.facts(), self._moment()
        return [
            self.key,
            facts["workflow"] or "",
            facts["run"] or "",
            "" if moment is None else when(moment),
            facts["form"],
            str(self._bytes),
        ]

    def shown(self) -> str:
        """Return the value as text, without what nobody can read."""
        if self._pickled:
            return "holds a pickle, which --value reads"
        text = (
            self.value if self._damage else json.dumps(self.value, ensure_ascii=False)
        )
        return str(text)

    def _moment(self) -> datetime | None:
        time = self._header.get("time")
        return datetime.fromtimestamp(time) if isinstance(time, (int, float)) else None

    def _form(self) -> str:
        if self._damage is not None:
            return self._damage
        return "pickle" if self._pickled else "json"


def keys_of(storage: Storage, prefix: str) -> list[str]:
    """Return the keys of a storage that begin with a prefix.

    Raises:
        UsageError: The storage cannot list them.
    """
    try:
        return storage.list_keys(prefix)
    except NotImplementedError as error:
        raise click.UsageError(str(error)) from error


def read_record(storage: Storage, key: str) -> Record | None:
    """Return what is stored under a key, None where there is nothing.

    Raises:
        UsageError: The storage cannot show it.
    """
    try:
        text = storage.record(key)
    except NotImplementedError as error:
        raise click.UsageError(str(error)) from error
    return None if text is None else Record(key, text)


def require_record(storage: Storage, key: str) -> Record:
    """Return what is stored under a key, which may lack the suffix of the storage.

    Raises:
        ClickException: There is nothing.
    """
    for name in (key, f"{key}{_SUFFIX}"):
        record = read_record(storage, name)
        if record is not None:
            return record
    raise _absent(storage, key)


def delete_record(storage: Storage, key: str) -> int:
    """Delete a key, and those of the items of a mapped task; return how many.

    Raises:
        ClickException: There is no such key.
        UsageError: The storage cannot delete.
    """
    try:
        count = int(storage.delete(key) or storage.delete(f"{key}{_SUFFIX}"))
        count += storage.delete_prefix(f"{key.removesuffix(_SUFFIX)}~")
    except NotImplementedError as error:
        raise click.UsageError(str(error)) from error
    if not count:
        raise _absent(storage, key)
    return count


def _absent(storage: Storage, key: str) -> click.ClickException:
    keys = keys_of(storage, key.partition("-")[0])
    known = ", ".join(keys[:_KNOWN])
    there = f" There are: {known}." if known else ""
    return click.ClickException(
        f"There is no key {key!r}.{hint(key, keys)}{there} `dotflow storage list` lists"
        " them all."
    )
