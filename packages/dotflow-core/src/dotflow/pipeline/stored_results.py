"""`StoredResults`: a state store as the engine's checkpoints."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dotflow.base.guard import STOPS, error_message
from dotflow.engine.checkpoint import Checkpoints
from dotflow.errors import StorageError
from dotflow.model.context import Context
from dotflow.model.items import ItemKey
from dotflow.pipeline.state import InMemoryStateStore
from dotflow.pipeline.state_protocol import ItemStateStore

if TYPE_CHECKING:
    from dotflow.model.task import TaskInstance
    from dotflow.pipeline.state import StateStoreProtocol


class StoredResults(Checkpoints):
    """The state store as the engine's checkpoints: durable before the next task.

    The store itself forgets the items of a mapped task that it is told the result of.

    Args:
        store: The state store.
        run_id: The run.
        kept: The results that it has from an earlier run, by task.
    """

    def __init__(
        self, store: StateStoreProtocol, run_id: str, kept: dict[str, Any]
    ) -> None:
        self._store = store
        self._mark_success = store.mark_success
        self._kept = kept
        self._items = store if isinstance(store, ItemStateStore) else None
        self.run_id = self._id = run_id
        self.resuming = bool(kept)
        self.keeps_objects = type(store) is InMemoryStateStore

    def keeps_items(self) -> bool:
        """Say whether the store knows of the items of mapped tasks."""
        return self._items is not None

    def load(self, task: TaskInstance | ItemKey) -> Context | None:
        """Return what an earlier run has left; see `Checkpoints.load`."""
        if isinstance(task, ItemKey):
            return self._load_item(task)
        if task.name not in self._kept:
            return None
        value = self._kept[task.name]
        return Context.of_task(value, task.task_id, None, time.time(), self.run_id)

    def save(self, task: TaskInstance | ItemKey, context: Context) -> None:
        """Keep a result; see `Checkpoints.save`."""
        try:
            if isinstance(task, ItemKey):
                self._save_item(task, context)
            elif task.attempt:
                self._mark_success(self._id, task.name, context.storage)
            else:
                self._save_cached(task, context)
        except STOPS:
            raise
        except BaseException as error:
            raise StorageError(
                f"The result of task '{task.name}' could not be stored by"
                f" {type(self._store).__name__}: {error_message(error)}"
            ) from error

    def put_right(self, task: TaskInstance, changed: object, value: object) -> None:
        """Have the store show a result as it was; see `Checkpoints.put_right`."""
        if isinstance(self._store, InMemoryStateStore):  # others hold no object of it
            self._store.put_right(self._id, task.name, changed, value)

    def _save_cached(self, task: TaskInstance, context: Context) -> None:
        """Keep a result that no attempt of this run has made."""
        mark_cached = getattr(self._store, "mark_cached", None)
        if mark_cached is not None:
            mark_cached(self._id, task.name, context.storage)
            return
        # A store of a user's own knows no other way from pending to success.
        self._store.mark_running(self._id, task.name)
        self._mark_success(self._id, task.name, context.storage)

    def _save_item(self, item: ItemKey, context: Context) -> None:
        if self._items is not None:
            name, index = _task_of(item), item.index
            self._items.mark_item_success(self._id, name, index, context.storage)

    def _load_item(self, item: ItemKey) -> Context | None:
        if self._items is None:
            return None
        try:
            value = self._items.get_item(self._id, _task_of(item), item.index)
        except KeyError:
            return None
        except Exception as error:
            raise StorageError(
                f"The stored result of task '{item.name}' could not be read from"
                f" {type(self._store).__name__}: {error}"
            ) from error
        return Context.of_task(value, item.task_id, None, time.time(), self.run_id)


def _task_of(item: ItemKey) -> str:
    """Return the name of the mapped task: an item's own ends in its place."""
    return item.name[: -len(f"[{item.index}]")]
