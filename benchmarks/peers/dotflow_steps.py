"""The steps of this dotflow and of the one before it."""

from __future__ import annotations

from workload import spin

from dotflow import action


@action
def add_one(previous_context):
    """Add one to what the task before has returned."""
    return (previous_context.storage or 0) + 1


@action
def number(initial_context):
    """Return what it was given."""
    return initial_context.storage


@action
def spin_once():
    """Use the processor for 20 ms."""
    return spin()
