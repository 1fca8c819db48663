"""Reading the table of a TOML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.base.suggest import unknown
from dotflow.config.sources.family import read_family
from dotflow.config.sources.wanted import COMMANDS, FAMILIES, OPTIONS, Setting, Wanted

if TYPE_CHECKING:
    from pathlib import Path


def read_table(table: dict[str, Any], path: Path, section: str) -> Wanted:
    """Return what a table asks for.

    Args:
        table: The table.
        path: Its file.
        section: Its name there, `""` for the whole file.

    Raises:
        ConfigError: A key is unknown, or its value is of a wrong type.
    """
    wanted = Wanted()
    for family, value in table.items():
        where = f"{path}: {section}.{family}" if section else f"{path}: {family}"
        setting = Setting(value, where, path.parent)
        if family in OPTIONS:
            wanted.options[family] = setting
        elif family in FAMILIES:
            read_family(wanted, family, setting)
        elif family not in COMMANDS:
            raise unknown(where, "key", family, (*FAMILIES, *OPTIONS))
    return wanted
