"""Where the steps of a compiled workflow hand each other their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.compile.steps import NotCompilable

if TYPE_CHECKING:
    from dotflow import DotFlow

LOCAL: Final = ("StorageFile", "StorageSQLite")
"""The storages on the disk of one machine."""


def check_storage(flow: DotFlow, target: str, *, shared_disk: bool = False) -> None:
    """Refuse a workflow whose results stay on a machine that the next step is not on.

    One in memory is not refused: there the environment of each step has to name a
    storage, in `DOTFLOW_STORAGE`, and a step without one ends before it has begun.

    Args:
        flow: The workflow.
        target: The engine, for the message.
        shared_disk: Whether the steps share a disk, such as a volume of Kubernetes.

    Raises:
        NotCompilable: The workflow's storage is a local one.
    """
    storage = flow.config.storage
    names = {kind.__name__ for kind in type(storage).__mro__}
    if shared_disk or not names.intersection(LOCAL):
        return
    raise NotCompilable(
        target,
        f"each step runs on a machine of its own, and {type(storage).__name__} keeps"
        " results on one. Take a storage that all of them reach, such as StorageS3,"
        " StorageGCS, StoragePostgres or StorageRedis; with Config.from_env() the"
        " workflow takes the one that DOTFLOW_STORAGE names, here too.",
    )
