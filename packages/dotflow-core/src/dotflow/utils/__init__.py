"""Small helpers under one path; each lives in a module of its own."""

from __future__ import annotations

from dotflow.base.arguments import basic_callback, basic_function
from dotflow.base.files import read_file, write_file
from dotflow.base.guard import error_message as message_error
from dotflow.base.liveness import hostname
from dotflow.model.outcome import error_traceback as traceback_error

__all__ = [
    "basic_callback",
    "basic_function",
    "hostname",
    "message_error",
    "read_file",
    "traceback_error",
    "write_file",
]
