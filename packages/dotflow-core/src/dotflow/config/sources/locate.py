"""Finding and reading the file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.errors import ConfigError

if TYPE_CHECKING:
    import os

OWN = "dotflow.toml"
SHARED = "pyproject.toml"
SECTION = "tool.dotflow"


def find_file(folder: str | os.PathLike[str] | None = None) -> Path | None:
    """Return the nearest file with settings, None where there is none.

    That is `dotflow.toml`, or a `pyproject.toml` that has a table `[tool.dotflow]`, in
    the folder or one above it; in one folder the former goes first.

    Args:
        folder: Where to begin; None for the current one.

    Raises:
        ConfigError: A file on the way cannot be read.
    """
    start = Path(folder or Path.cwd()).absolute()
    for place in (start, *start.parents):
        if (place / OWN).is_file():
            return place / OWN
        # Many a project has one that does not speak of dotflow: then look further up.
        shared = place / SHARED
        if shared.is_file() and _section(_load(shared)) is not None:
            return shared
    return None


def read_file(
    path: str | os.PathLike[str] | None,
) -> tuple[Path, dict[str, Any], str]:
    """Return a file's path, its settings, and the name of the table they are in.

    Args:
        path: The file; None for the nearest one.

    Raises:
        ConfigError: There is none, or it cannot be read.
    """
    found = find_file() if path is None else Path(path).absolute()
    if found is None:
        raise ConfigError(
            f"There is no {OWN}, and no {SHARED} with a table [{SECTION}], in"
            f" {Path.cwd()} or above it. Make one, or use Config.from_env()."
        )
    content = _load(found)
    if found.name != SHARED:
        return found, content, ""
    section = _section(content)
    if section is None:
        raise ConfigError(f"{found}: it has no table [{SECTION}].")
    return found, section, SECTION


def _section(content: dict[str, Any]) -> dict[str, Any] | None:
    tool = content.get("tool")
    section = tool.get("dotflow") if isinstance(tool, dict) else None
    return section if isinstance(section, dict) else None


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML file: {error}.") from error
