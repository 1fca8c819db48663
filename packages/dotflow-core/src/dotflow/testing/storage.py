"""`StorageContract`: the tests that every storage must pass."""

from __future__ import annotations

from dotflow.testing.storage_keys import StorageKeyTests
from dotflow.testing.storage_leases import StorageLeaseTests
from dotflow.testing.storage_processes import StorageProcessTests
from dotflow.testing.storage_swap import StorageSwapTests
from dotflow.testing.storage_types import StorageTypeTests
from dotflow.testing.storage_values import StorageValueTests


class StorageContract(
    StorageValueTests,
    StorageKeyTests,
    StorageSwapTests,
    StorageLeaseTests,
    StorageTypeTests,
    StorageProcessTests,
):
    """A mixin of tests; override `make_storage`, and what your storage has not.

    With pytest::

        class TestMine(StorageContract):
            @pytest.fixture(autouse=True)
            def _folder(self, tmp_path):
                self.path = tmp_path

            def make_storage(self):
                return StorageMine(self.path)

            def storage_factory(self):
                return functools.partial(StorageMine, self.path)

    With unittest: `class TestMine(StorageContract, unittest.TestCase)`.

    Attributes:
        supports_ttl: Whether `post` takes a ttl.
        supports_swap: Whether there is `atomic_swap`.
        supports_fingerprint: Whether there is `get_fingerprint`.
        persistent: Whether values outlive the object, and so must be encoded.
        keeps_types: Whether every type of the codec comes back as it was.
    """
