"""Steps, and workflows of them, that several files of tests share."""

from __future__ import annotations

from dotflow import DotFlow, action


@action
def one():
    return 1


@action
def plus_one(previous_context):
    return (previous_context.storage or 0) + 1


@action
def fail():
    raise ValueError("no way")


def numbered(step, count):
    """Return a workflow of so many tasks of a step, each given its number."""
    workflow = DotFlow()
    for number in range(count):
        workflow.task.add(step, initial_context=number)
    return workflow
