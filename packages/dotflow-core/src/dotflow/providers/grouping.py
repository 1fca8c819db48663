"""`Grouping`: a storage that stores together what is posted in the body of a `with`."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import contextmanager
from contextvars import ContextVar

from dotflow.abc.storage import Storage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Any, ClassVar


class Group:
    """What is posted to a storage within a `with storage.grouped()`.

    Args:
        storage: The storage.
    """

    def __init__(self, storage: Grouping) -> None:
        self.storage = storage
        self.posted: list[Any] = []


current_group: ContextVar[Group | None] = ContextVar("dotflow_group", default=None)


class Grouping(Storage):
    """A storage whose `post` leaves to a group of its own what it would store."""

    _own_post: ClassVar[Callable[..., None]]
    """The `post` that does so."""

    def grouped(self) -> AbstractContextManager[Any]:
        """Store together what is posted in a `with`; see `Storage.grouped`.

        Not where `post` is somebody else's, who takes for durable what has returned.
        """
        if self.post != self._own_post:
            return super().grouped()
        return self._grouped()

    @contextmanager
    def _grouped(self) -> Iterator[None]:
        group = Group(self)
        token = current_group.set(group)
        try:
            yield
        except BaseException:
            self._drop_posted(group.posted)
            raise
        finally:
            current_group.reset(token)
        if group.posted:
            self._store_posted(group.posted)

    @abstractmethod
    def _store_posted(self, posted: list[Any]) -> None:
        """Store what was posted."""

    def _drop_posted(self, posted: list[Any]) -> None:
        """Let go of what was posted, and is not to be stored."""
