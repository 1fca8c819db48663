"""Calls a function as Vercel does: with Vercel's own runtime, or with plain WSGI.

The runtime (`vercel-runtime`) is for Python 3.12 and newer. Requests come on standard input
as JSON, and answers go to standard output.

    python vercel_call.py runtime|wsgi
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator


def through_runtime(requests: list[dict[str, Any]]) -> list[Any]:
    """Load the entry point as Vercel's build names it, and call Vercel's handler."""
    entry = Path("api/index.py")
    os.environ |= {
        "__VC_HANDLER_ENTRYPOINT": str(entry),
        "__VC_HANDLER_ENTRYPOINT_ABS": str(entry.resolve()),
        "__VC_HANDLER_MODULE_NAME": "api.index",
        "__VC_HANDLER_VARIABLE_NAME": "app",
    }
    handler = importlib.import_module("vercel_runtime.vc_init").vc_handler
    answers = [handler({"body": json.dumps(one)}, None) for one in requests]
    return [[one["statusCode"], one["body"]] for one in answers]


def through_wsgi(requests: list[dict[str, Any]]) -> list[Any]:
    """Load the entry point and call its application."""
    sys.path.insert(0, "")
    app = validator(importlib.import_module("api.index").app)
    answers = []
    for request in requests:
        body = request["body"].encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request["method"],
            "SCRIPT_NAME": "",
            "PATH_INFO": request["path"],
            "QUERY_STRING": "",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        for name, value in request["headers"].items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        setup_testing_defaults(environ)
        statuses: list[str] = []
        parts = app(environ, lambda status, headers, *_, to=statuses: to.append(status))
        text = b"".join(parts).decode()
        parts.close()
        answers.append([int(statuses[0].partition(" ")[0]), text])
    return answers


if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    # What the workflow prints goes to standard error: the answers are alone.
    stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    call = through_runtime if sys.argv[1] == "runtime" else through_wsgi
    print(json.dumps(call(wanted)), file=stream, flush=True)
