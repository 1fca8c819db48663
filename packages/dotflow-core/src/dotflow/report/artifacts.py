"""Artifacts of a run, written to files that can be looked at."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.errors import DotflowError
from dotflow.model.artifact import Artifact as Artifact  # noqa: TC001 - users take it from here

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

_SUFFIXES = {"table": "csv", "markdown": "md", "link": "txt", "number": "txt"}
_LONGEST_PART = 60
INDEX = "artifacts.json"
# What makes a spreadsheet take a text for a formula, which may run programs.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ArtifactExportError(DotflowError, OSError):
    """Artifacts cannot be written where they were to go."""


def export_artifacts(
    artifacts: Iterable[Artifact], folder: str | os.PathLike[str]
) -> list[Path]:
    """Write artifacts to files of a new folder, with a list of them, `artifacts.json`.

    The names of the files are made of those of the task and the artifact, without what
    has a meaning in a path. A table becomes CSV: a text in it that a spreadsheet would
    take for a formula has `'` before it.

    Args:
        artifacts: What `History.artifacts` has returned.
        folder: The folder; one that is there is to be empty.

    Returns:
        The files.

    Raises:
        ArtifactExportError: There is something in it, or it cannot be written.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise ArtifactExportError(
                f"The folder {target} is not empty: name a new one, so that nothing is"
                " overwritten."
            )
        paths, names = [], {INDEX.lower()}
        index: list[dict[str, Any]] = []
        for one in artifacts:
            path = target / _file_name(one, names)
            _write(path, _content(one))
            paths.append(path)
            index.append(_told(one, path.name))
        _write(target / INDEX, json.dumps(index, indent=2).encode())
    except ArtifactExportError:
        raise
    except OSError as error:
        raise ArtifactExportError(
            f"Artifacts cannot be written to {target}: {error.strerror or error}."
        ) from error
    return paths


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:  # never through a link that somebody has put there
        file.write(content)


def _file_name(one: Artifact, taken: set[str]) -> str:
    """Return a name that no other file of the folder has, whatever the capitals."""
    parts = [_part(one.task), _part(one.name)]
    if one.index is not None:
        parts.insert(1, str(one.index))
    if (one.attempt or 1) > 1:
        parts.append(f"attempt{one.attempt}")
    suffix = one.image_format or _SUFFIXES.get(one.kind, "bin")
    stem, number = "-".join(parts), 1
    name = f"{stem}.{suffix}"
    while name.lower() in taken:
        number += 1
        name = f"{stem}~{number}.{suffix}"
    taken.add(name.lower())
    return name


def _part(text: str) -> str:
    safe = "".join(
        c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in text
    )
    return safe[:_LONGEST_PART] or "_"


def _content(one: Artifact) -> bytes:
    if one.kind == "image":
        data: bytes = one.value
        return data
    text = _csv(one.value) if one.kind == "table" else f"{one.value}\n"
    return text.encode("utf-8", "backslashreplace")


def _csv(rows: list[dict[str, Any]]) -> str:
    with io.StringIO(newline="") as file:
        writer = csv.writer(file)
        if rows:
            writer.writerow(map(_cell, rows[0]))
        writer.writerows(map(_cell, row.values()) for row in rows)
        return file.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _told(one: Artifact, file: str) -> dict[str, Any]:
    return {
        "file": file,
        "name": one.name,
        "kind": one.kind,
        "task": one.task,
        "attempt": one.attempt,
        "index": one.index,
        "time": one.time.isoformat(),
    }
