"""What one family of providers is asked for, told in one of three shapes.

| shape | in a file | in the environment |
| --- | --- | --- |
| an address, of a storage alone | `storage = "sqlite:///runs.db"` | the same text |
| names of providers | `log = ["LogDefault", "LogSentry"]` | separated by commas |
| tables of arguments | `[log.LogDefault]`, `[log]` for the default provider | - |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dotflow.config.sources.wanted import URL, Setting, Wanted
from dotflow.errors import ConfigError

REFERENCES = ("env", "file")


def read_family(wanted: Wanted, family: str, setting: Setting) -> None:
    """Add what one setting asks for.

    Args:
        wanted: What to add it to.
        family: A name out of `FAMILIES`.
        setting: The value in any of the three shapes.

    Raises:
        ConfigError: It has none of them.
    """
    value = setting.value
    if is_address(family, value):
        wanted.provider(family, URL, setting.where).arguments["url"] = setting
    elif isinstance(value, str):
        _add_names(wanted, family, [value], setting.where)
    elif isinstance(value, list) and all(isinstance(name, str) for name in value):
        _add_names(wanted, family, value, setting.where)
    elif isinstance(value, dict) and not is_reference(value):
        _add_tables(wanted, family, value, setting)
    else:
        raise ConfigError(
            f"{setting.where}: write the name of a provider, a list of names, or a"
            " table of arguments for each."
        )


def is_address(family: str, value: object) -> bool:
    """Tell whether a value is an address of a storage, or refers to one.

    Args:
        family: A name out of `FAMILIES`.
        value: A text such as `"sqlite:///runs.db"` or `"StorageFile"`.
    """
    if family != "storage":
        return False
    if not isinstance(value, str):
        return is_reference(value)
    if value.isidentifier() and value[0].isupper():
        return False
    from dotflow.providers import storage_url

    scheme, separator, name = value.partition(":")
    known = {*storage_url.storage_names(), *storage_url.INTEGRATIONS}
    # What is left is `module:Class`, a provider of the user's own.
    return scheme.lower() in known or not separator or not name.isidentifier()


def is_reference(value: object) -> bool:
    """Tell whether a value says where to find another one.

    Args:
        value: A value of TOML.
    """
    return (
        isinstance(value, dict) and len(value) == 1 and next(iter(value)) in REFERENCES
    )


def _add_names(wanted: Wanted, family: str, names: Sequence[str], where: str) -> None:
    for name in names:
        wanted.provider(family, name, where)


def _add_tables(
    wanted: Wanted, family: str, tables: dict[str, Any], setting: Setting
) -> None:
    for key, content in tables.items():
        place = Setting(content, f"{setting.where}.{key}", setting.folder)
        if key[:1].isupper() or ":" in key:
            _add_table(wanted, family, key, place)
        else:
            # What is written in small letters is an argument of the default provider.
            name = f"{family.capitalize()}Default"
            wanted.provider(family, name, setting.where).arguments[key] = place


def _add_table(wanted: Wanted, family: str, name: str, table: Setting) -> None:
    if not isinstance(table.value, dict):
        raise ConfigError(f"{table.where}: write a table of its arguments.")
    arguments = wanted.provider(family, name, table.where).arguments
    for argument, content in table.value.items():
        where = f"{table.where}.{argument}"
        arguments[argument] = Setting(content, where, table.folder)
