"""Definitions as the text of a file."""

from __future__ import annotations

import json
from typing import Any, Final

import yaml

HEAD: Final = (
    "# Made by `dotflow cloud compile`: change the workflow, and make it again.\n"
)


# What Step Functions takes counts spaces, too.
_ROOMY: Final = 1024 * 1024


def to_json(definition: dict[str, Any]) -> str:
    """Return a definition as JSON: indented, unless that makes it too large to deploy."""
    text = json.dumps(definition, indent=2) + "\n"
    return text if len(text) <= _ROOMY else json.dumps(definition)


def to_yaml(definition: dict[str, Any]) -> str:
    """Return a definition as YAML: scripts as blocks, nothing by reference."""
    text = yaml.dump(
        definition, Dumper=_Dumper, sort_keys=False, width=88, allow_unicode=True
    )
    return HEAD + text


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        # Not every reader of these files takes references.
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
