"""`HistoryContract`: the tests that the history of every storage must pass."""

from __future__ import annotations

from dotflow.testing.history_processes import HistoryProcessTests
from dotflow.testing.history_queries import HistoryQueryTests
from dotflow.testing.history_runs import HistoryRunTests
from dotflow.testing.history_telling import HistoryTellingTests


class HistoryContract(
    HistoryRunTests, HistoryQueryTests, HistoryTellingTests, HistoryProcessTests
):
    """A mixin of tests; override `make_storage`, whose `history` is tested.

    A test class of it is written as one of `StorageContract`, which has an example.

    Attributes:
        seconds: How long several processes write at once; 0 for a few runs each.
    """
