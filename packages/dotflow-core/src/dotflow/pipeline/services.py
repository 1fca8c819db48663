"""`Services`: the providers of a pipeline, and what its runs ask of them."""

from __future__ import annotations

import sys
from copy import copy
from typing import TYPE_CHECKING, Any

from dotflow.config.config import Config
from dotflow.errors import InvalidTask
from dotflow.pipeline.state import InMemoryStateStore
from dotflow.types import TypeExecution

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage
    from dotflow.pipeline.state import StateStoreProtocol

MODE = TypeExecution.ASYNC


class Services:
    """The providers of a pipeline.

    Args:
        storage: Keeps cached results, shared limits, requests to cancel and history;
            default: that of `config`, or one in memory.
        config: More providers, which are told of runs.
        reports: Whether the server that this machine reports to hears of runs, where
            there is no config.

    Attributes:
        config: All of them.
        given: Whether any was given; else all are the defaults.
        told: Those that hear of runs; None where nobody asked to be told.
        reports: As given.

    Raises:
        InvalidTask: There are two storages.
        NotCallableObject: The storage is none.
    """

    def __init__(
        self, storage: Storage | None, config: Config | None, reports: bool = True
    ) -> None:
        self.reports = reports
        if storage is not None and config is not None:
            raise InvalidTask(
                "A pipeline has one storage: give storage=… or config=Config(storage=…),"
                " not both."
            )
        self.given = storage is not None or config is not None
        # Without a config nobody asked to be told: a pipeline logs by itself.
        self.told = config
        self.config = Config(storage=storage) if config is None else config

    def over(self, storage: Storage) -> Services:
        """Return the same providers, with another storage."""
        if self.told is None:
            return Services(storage, None, self.reports)
        config = copy(self.config)
        config.storage = storage
        return Services(None, config)

    def beside(self, store: StateStoreProtocol) -> Services:
        """Return the same providers, with a state store's storage where none was given.

        One in memory of a `Config` counts as none: a config has some storage always.
        """
        lasts = self.given if self.told is None else self.config.storage.persistent
        storage_beside = None if lasts else getattr(store, "storage_beside", None)
        storage = None if storage_beside is None else storage_beside()
        return self if storage is None else self.over(storage)

    @property
    def given_storage(self) -> Storage | None:
        """The storage, if the pipeline was given one."""
        return self.config.storage if self.given else None

    @property
    def storage(self) -> Storage:
        """What keeps more than the results of runs."""
        return self.config.storage


def default_state_store(
    storage: Storage | None, keep_runs: int | None = 1
) -> InMemoryStateStore:
    """Return where runs are recorded by default: where the pipeline's storage is.

    Args:
        storage: The storage of the pipeline, if it was given one.
        keep_runs: How many runs in memory keep their results; None for all.

    Raises:
        StorageCannotKeepRuns: Other processes see it, and it lacks what runs need.
    """
    if storage is None or not storage.persistent:
        return InMemoryStateStore(keep_runs=keep_runs)
    # Whoever has one has imported its module.
    module: Any = sys.modules.get("dotflow.providers.storage_sqlite.storage")
    if module is not None and isinstance(storage, module.StorageSQLite):
        from dotflow.pipeline.state_sqlite import SQLiteStateStore

        return SQLiteStateStore.beside(storage)
    from dotflow.pipeline.state_storage import StorageStateStore

    return StorageStateStore(storage)
