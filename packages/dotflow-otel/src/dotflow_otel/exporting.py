"""Exporters whose endpoint cannot fill the memory, and whose keys nobody is shown."""

from __future__ import annotations

import inspect
import io
import os
from typing import Any
from urllib.parse import unquote

from dotflow.base.masking import keep_secret, looks_secret

_OTLP = "OTEL_EXPORTER_OTLP_"
# Some vendors name the header of their key after a team; a shorter value is a word.
_SHORTEST_KEY = 16


def keep_keys() -> None:
    """Have the keys that `OTEL_*` gives exporters hidden in what steps print and raise."""
    for name, value in os.environ.items():
        if not name.startswith(_OTLP):
            continue
        if name.endswith("_ENDPOINT"):
            keep_secret(value)
        elif name.endswith("HEADERS"):
            for pair in value.split(","):
                _keep_header(*map(str.strip, pair.partition("=")[::2]))


def _keep_header(name: str, value: str) -> None:
    value = unquote(value)
    key = value.rpartition(" ")[2]  # behind `Bearer `
    shortest = 4 if looks_secret(name) else _SHORTEST_KEY
    keep_secret(key, whole=True, shortest=shortest)


def make(exporter: Any) -> Any:
    """Return an exporter.

    That of OTLP over HTTP reads an answer whole, of which it needs the status alone.

    Args:
        exporter: Its class, or what else an entry point leads to.
    """
    if "session" not in inspect.signature(exporter).parameters:
        return exporter()
    import requests

    session = requests.Session()
    session.hooks["response"].append(_status_alone)
    return exporter(session=session)


def _status_alone(response: Any, *_args: Any, **_kwargs: Any) -> Any:
    response.raw.close()
    response.raw = io.BytesIO()
    return response
