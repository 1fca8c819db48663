"""`DaskHeld`: a result in the memory of a Dask worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.abc.remote import Held

if TYPE_CHECKING:
    from distributed import Future

    from dotflow.abc.remote import Kept


class DaskHeld(Held):
    """A result that stays where it was made as long as somebody has this.

    Args:
        future: Dask's future of the attempt that made it.
        kept: What is known of it.
    """

    where = "Dask worker"

    def __init__(self, future: Future[Any], kept: Kept) -> None:
        super().__init__(kept.kind, kept.length)
        self.future = future

    def get(self) -> Any:
        """Bring the value here; see `Held.get`."""
        return self.future.result()[1]

    @property
    def lost(self) -> bool:
        """Whether Dask has it no more, or its cluster has ended."""
        # It may be pending still, since the news of its end come before it has.
        return self.gone or self.future.status not in ("finished", "pending")
