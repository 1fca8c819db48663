"""Where the steps of a compiled workflow hand each other their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.compile.refusals import NotCompilable
from dotflow_deploy.compile.steps import SEQUENTIAL, Plan, read_plan

if TYPE_CHECKING:
    from dotflow import DotFlow

LOCAL: Final = ("StorageFile", "StorageSQLite")
"""The storages on the disk of one machine."""


def plan_for(
    flow: DotFlow,
    target: str,
    *,
    mode: str = SEQUENTIAL,
    keep_going: bool = False,
    shared_disk: bool = False,
) -> Plan:
    """Return the plan of a workflow whose results reach every step of it.

    Refused is one whose results stay on a machine that the next step is not on. One in
    memory is not: there the environment of each step has to name a storage, in
    `DOTFLOW_STORAGE`, and a step without one ends before it has begun.

    Args:
        flow: The workflow.
        target: The engine, for the message.
        mode: As of `read_plan`.
        keep_going: As of `read_plan`.
        shared_disk: Whether the steps share a disk, such as a volume of Kubernetes.

    Raises:
        NotCompilable: The workflow's storage is a local one, or see `read_plan`.
        DotflowError: See `read_plan`.
    """
    storage = flow.config.storage
    names = {kind.__name__ for kind in type(storage).__mro__}
    if names.intersection(LOCAL) and not shared_disk:
        raise NotCompilable(
            target,
            f"each step runs on a machine of its own, and {type(storage).__name__} keeps"
            " results on one. Take a storage that all of them reach, such as StorageS3,"
            " StorageGCS, StoragePostgres or StorageRedis; with Config.from_env() the"
            " workflow takes the one that DOTFLOW_STORAGE names, here too.",
        )
    return read_plan(flow, mode=mode, keep_going=keep_going)
