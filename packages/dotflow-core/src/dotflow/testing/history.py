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

    With pytest::

        class TestMine(HistoryContract):
            @pytest.fixture(autouse=True)
            def _folder(self, tmp_path):
                self.path = tmp_path

            def make_storage(self):
                return StorageMine(self.path)

            def storage_factory(self):
                return functools.partial(StorageMine, self.path)

    With unittest: `class TestMine(HistoryContract, unittest.TestCase)`.

    Attributes:
        seconds: How long several processes write at once; 0 for a few runs each.
    """
