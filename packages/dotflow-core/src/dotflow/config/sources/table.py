"""Reading the table of a TOML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.base.suggest import unknown
from dotflow.config.sources.wanted import FAMILIES, URL, Setting, Wanted
from dotflow.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

REFERENCES = ("env", "file")


def is_reference(value: object) -> bool:
    """Tell whether a value says where to find another one.

    Args:
        value: A value of TOML.
    """
    return (
        isinstance(value, dict) and len(value) == 1 and next(iter(value)) in REFERENCES
    )


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
        if family not in FAMILIES:
            raise unknown(where, "key", family, FAMILIES)
        _read_family(wanted, family, value, where, path.parent)
    return wanted


def _read_family(
    wanted: Wanted, family: str, value: Any, where: str, folder: Path
) -> None:
    if family == "storage" and (is_reference(value) or is_address(value)):
        provider = wanted.provider(family, URL, where)
        provider.arguments["url"] = Setting(value, where, folder)
        return
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        for name in value:
            wanted.provider(family, name, where)
        return
    if not isinstance(value, dict) or is_reference(value):
        raise ConfigError(
            f"{where}: write the name of a provider, a list of names, or a table of"
            " arguments for each."
        )
    for key, content in value.items():
        place = f"{where}.{key}"
        if _is_name(key):
            if not isinstance(content, dict):
                raise ConfigError(f"{place}: write a table of its arguments.")
            provider = wanted.provider(family, key, place)
            for name, argument in content.items():
                provider.arguments[name] = Setting(argument, f"{place}.{name}", folder)
        else:
            # What is written in small letters is an argument of the default provider.
            default = wanted.provider(family, f"{family.capitalize()}Default", where)
            default.arguments[key] = Setting(content, place, folder)


def _is_name(key: str) -> bool:
    return key[:1].isupper() or ":" in key


def is_address(value: object) -> bool:
    """Tell whether a value is an address of a storage, and not a provider's name.

    Args:
        value: A text such as `"sqlite:///runs.db"` or `"StorageFile"`.
    """
    if not isinstance(value, str) or (value.isidentifier() and value[0].isupper()):
        return False
    from dotflow.providers import storage_url

    scheme, separator, name = value.partition(":")
    known = {*storage_url.storage_names(), *storage_url.INTEGRATIONS}
    return scheme.lower() in known or not separator or not name.isidentifier()
