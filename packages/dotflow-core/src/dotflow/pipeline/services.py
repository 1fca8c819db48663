"""`Services`: the providers of a pipeline, and what its runs ask of them."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from dotflow.config.config import Config
from dotflow.engine.listeners import flush_providers
from dotflow.errors import InvalidTask
from dotflow.pipeline.state import InMemoryStateStore
from dotflow.types import TypeExecution

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage
    from dotflow.model.events import EventBus

MODE = TypeExecution.ASYNC


class Services:
    """The providers of a pipeline.

    Args:
        storage: Keeps cached results, shared limits, requests to cancel and history;
            default: that of `config`, or one in memory.
        config: More providers, which are told of runs.

    Attributes:
        config: All of them.
        given: Whether any was given; else all are the defaults.

    Raises:
        InvalidTask: There are two storages.
        NotCallableObject: The storage is none.
    """

    def __init__(self, storage: Storage | None, config: Config | None) -> None:
        if storage is not None and config is not None:
            raise InvalidTask(
                "A pipeline has one storage: give storage=… or config=Config(storage=…),"
                " not both."
            )
        self.given = storage is not None or config is not None
        # Without a config nobody asked to be told: a pipeline logs by itself.
        self._tells = config is not None
        self.config = Config(storage=storage) if config is None else config

    @property
    def given_storage(self) -> Storage | None:
        """The storage, if the pipeline was given one."""
        return self.config.storage if self.given else None

    @property
    def told(self) -> Config | None:
        """The providers that hear of runs; None where nobody asked to be told."""
        return self.config if self._tells else None

    @property
    def storage(self) -> Storage:
        """What keeps more than the results of runs."""
        return self.config.storage

    async def flush(self, bus: EventBus) -> None:
        """Give providers that deliver in the background a bounded time to do so."""
        told = self.told
        if told is not None:
            # In a thread: they wait, and other runs of the loop must not.
            await asyncio.to_thread(flush_providers, told, bus)


def default_state_store(storage: Storage | None) -> InMemoryStateStore:
    """Return where runs are recorded by default: where the pipeline's storage is.

    Args:
        storage: The storage of the pipeline, if it was given one.

    Raises:
        StorageCannotKeepRuns: Other processes see it, and it lacks what runs need.
    """
    if storage is None or not storage.persistent:
        return InMemoryStateStore()
    # Whoever has one has imported its module.
    module: Any = sys.modules.get("dotflow.providers.storage_sqlite.storage")
    if module is not None and isinstance(storage, module.StorageSQLite):
        from dotflow.pipeline.state_sqlite import SQLiteStateStore

        return SQLiteStateStore.beside(storage)
    from dotflow.pipeline.state_storage import StorageStateStore

    return StorageStateStore(storage)
