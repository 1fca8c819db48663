"""The pages: files of one folder, and the same first page for every other path."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, PlainTextResponse, Response

from dotflow_server.problems import Refusal

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parent / "assets"
_FIRST = "index.html"
_FOREVER = "public, max-age=31536000, immutable"
# What a system says of them differs, and scripts of another type are refused.
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@router.get("/assets/{name}")
def asset(name: str) -> Response:
    """Return a file of the pages; its name changes with what is in it."""
    file = _file(name)
    if file is None or name == _FIRST:
        return _absent("There is no such file.")
    kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    return FileResponse(file, media_type=kind, headers={"Cache-Control": _FOREVER})


@router.get("/{path:path}")
def page(path: str) -> Response:
    """Return the first page, which reads the path in the address."""
    if path.startswith("api/"):
        raise Refusal(404, "not_found", "There is no such route.")
    first = _file(_FIRST)
    if first is None or path.startswith("assets/"):
        return _absent("The pages are not built here. The API is under /api/v1.")
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(first, media_type="text/html", headers=headers)


def _file(name: str) -> Path | None:
    """Return a file of the folder itself; None where there is none."""
    if "\0" in name:
        return None
    found = (FOLDER / name).resolve()
    inside = found.parent == FOLDER.resolve()
    return found if inside and found.is_file() else None


def _absent(text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status_code=404)
