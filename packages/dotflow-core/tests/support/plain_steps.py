"""Steps that several files of tests share."""

from __future__ import annotations

from dotflow import action


@action
def one():
    return 1


@action
def plus_one(previous_context):
    return (previous_context.storage or 0) + 1


@action
def fail():
    raise ValueError("no way")
