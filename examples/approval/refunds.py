"""A run that goes on when a person has said yes."""

from __future__ import annotations

import sys
from pathlib import Path

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import LogDefault, StorageSQLite

APPROVED = Path("approved.txt")


class NotApproved(Exception):
    """Nobody has said yes so far."""


@action
def prepare() -> list[int]:
    """Work out the refunds; this would take long."""
    refunds = [50, 40, 30]
    print(f"the report says {len(refunds)} refunds, {sum(refunds)} in all")
    return refunds


@action
def approve(previous_context: Context) -> list[int]:
    """Go on only if somebody has approved."""
    if not APPROVED.exists():
        raise NotApproved(f"waiting for approval: create {APPROVED}, then start again")
    print(f"publish: approved by {APPROVED.read_text('utf-8').strip()}")
    refunds: list[int] = previous_context.storage
    return refunds


@action
def send(previous_context: Context) -> str:
    """Send the refunds, each with an id that the bank knows again."""
    return f"{len(previous_context.storage)} refunds sent"


if __name__ == "__main__":
    config = Config(
        storage=StorageSQLite("approval.db"),
        log=LogDefault(output="file", path="flow.log"),
    )
    workflow = DotFlow(config, workflow_id="refunds-2026-01")
    workflow.task.add([prepare, approve, send])
    for task in workflow.start(resume=True).report().tasks:
        if task.error is not None:
            print(f"publish: {task.error.message}")
            sys.exit(1)
    print(workflow.result_storage()[-1])
