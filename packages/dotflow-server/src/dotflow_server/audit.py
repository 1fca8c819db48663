"""`Audit`: who cancelled what, and all else that was done from the dashboard."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dotflow.base.identity import new_ulid
from dotflow.logging import logger
from dotflow_server.records import Records

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

_KEPT = 5000
_CLEANED_EVERY = 100


class Audit:
    """What was done, one record each, named so that they sort by time.

    Args:
        storage: Where they are kept.
    """

    def __init__(self, storage: Storage) -> None:
        self._records = Records(storage, "audit")
        self._noted = 0

    def note(self, who: str, action: str, target: str) -> None:
        """Write down that somebody does something, before it is done.

        Args:
            who: The name of the token or the session.
            action: What is done, such as `"cancel"`.
            target: To what.
        """
        logger.info("%s: %s %s", who, action, target)
        self._records.put(
            new_ulid(),
            {"time": time.time(), "who": who, "action": action, "target": target},
        )
        self._noted += 1
        if self._noted % _CLEANED_EVERY == 0:
            for name in self._records.names()[:-_KEPT]:
                self._records.delete(name)

    def entries(self, limit: int) -> list[dict[str, Any]]:
        """Return what was done last, newest first.

        Args:
            limit: The most to return.
        """
        names = self._records.names()[-limit:] if limit > 0 else []
        found = (self._records.get(name) for name in reversed(names))
        return [
            {**record, "time": datetime.fromtimestamp(record["time"], UTC)}
            for record in found
            if record is not None
        ]
