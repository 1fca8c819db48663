"""Values that users write on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_context(text: str | None) -> Any:
    """Read an initial context.

    Args:
        text: JSON where it is JSON, otherwise the text itself; `@path` for a JSON file
            and `-` for JSON from standard input.

    Raises:
        UsageError: What was read from a file or standard input is no JSON.
    """
    if text is None:
        return None
    if text == "-":
        return _strict(_read_stdin(), "standard input")
    if text.startswith("@"):
        path = text[1:]
        try:
            content = Path(path).read_text("utf-8-sig")
        except (OSError, ValueError) as error:
            raise click.UsageError(
                f"--initial-context: {path!r} cannot be read: {_reason(error)}."
            ) from error
        return _strict(content, repr(path))
    return loose(text)


def read_params(params: Sequence[str]) -> dict[str, Any]:
    """Read `key=value` pairs, each value as `read_context` reads a plain text.

    Args:
        params: What the user wrote.

    Raises:
        UsageError: One is no such pair, or a key comes twice.
    """
    found: dict[str, Any] = {}
    for param in params:
        key, separator, value = param.partition("=")
        if not separator or not key.isidentifier():
            raise click.UsageError(
                f"--param {param!r}: write it as key=value, where key is the name of a"
                " parameter of the function."
            )
        if key in found:
            raise click.UsageError(f"--param {key}=… was given twice.")
        found[key] = loose(value)
    return found


def loose(text: str) -> Any:
    """Return what a text means as JSON, or else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _strict(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(
            f"--initial-context: {source} holds no JSON: {error}."
        ) from error


def _read_stdin() -> str:
    try:
        return sys.stdin.read().removeprefix("\ufeff")
    except (OSError, ValueError) as error:
        raise click.UsageError(
            f"--initial-context: standard input cannot be read: {_reason(error)}."
        ) from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
