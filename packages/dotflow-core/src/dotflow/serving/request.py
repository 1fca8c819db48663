"""An HTTP request that starts a workflow, read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

_CHUNK = 65_536


class BadRequest(Exception):
    """A request that runs nothing.

    Args:
        status: What it is answered with.
        message: What the sender is told.
    """

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Request:
    """A request.

    Attributes:
        method: `"POST"`.
        path: `"/orders"`.
        query: The parameters behind the `?`; of a repeated one, the last.
        headers: The headers, their names in lower case.
        body: What the body's JSON says; None if there is no body.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


def read_request(environ: Mapping[str, Any], max_bytes: int) -> Request:
    """Read a request.

    Args:
        environ: The WSGI environment.
        max_bytes: The largest body, in bytes.

    Raises:
        BadRequest: The body is too large, is cut off or is not JSON.
    """
    query = environ.get("QUERY_STRING")
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ.get("PATH_INFO") or "/",
        query=dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        headers=read_headers(environ),
        body=_read_json(_read_body(environ, max_bytes)),
    )


def read_headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return a request's headers, their names in lower case."""
    found = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            found[name.replace("_", "-").lower()] = str(environ[name])
    return found


def _read_body(environ: Mapping[str, Any], max_bytes: int) -> bytes:
    told = environ.get("CONTENT_LENGTH") or ""
    if told:
        if not (told.isascii() and told.isdigit()):
            raise BadRequest("400 Bad Request", "Content-Length is not a number.")
        length = int(told)
    elif environ.get("wsgi.input_terminated"):
        length = max_bytes + 1  # its end is known to the server alone
    else:
        return b""
    if told and length > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    while len(body) < length:
        part = environ["wsgi.input"].read(min(_CHUNK, length - len(body)))
        if not part:
            break
        body += part
    if told and len(body) < length:
        raise BadRequest("400 Bad Request", "The body is cut off.")
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    return bytes(body)


def _too_large(max_bytes: int) -> BadRequest:
    return BadRequest(
        "413 Content Too Large", f"The body is larger than {max_bytes} bytes."
    )


def _read_json(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return read_json(body)
    except ValueError as error:
        raise BadRequest("400 Bad Request", "The body is not valid JSON.") from error


def read_json(text: str | bytes) -> Any:
    """Return what a stranger's JSON says.

    Args:
        text: The JSON.

    Raises:
        ValueError: It is none, as `NaN` is none, or nests deeper than can be read.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        return _strict.decode(text)
    except RecursionError as error:
        raise ValueError("it nests too deep") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_strict = json.JSONDecoder(parse_constant=_no_constant)
