"""A tracer that puts a context variable around each attempt."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from dotflow.testing import RecordingTracer

CURRENT: ContextVar[str] = ContextVar("CURRENT", default="nothing")


@contextmanager
def inside(name):
    token = CURRENT.set(name)
    try:
        yield
    finally:
        CURRENT.reset(token)


class Surrounding(RecordingTracer):
    def around(self, task):
        return partial(inside, task.name)
