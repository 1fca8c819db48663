"""`StorageGCS`: checkpoints in a bucket of Google Cloud Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.base.patience import bounded_pools
from dotflow.errors import ProviderError, StorageError
from dotflow.providers.object_storage import ObjectStorage, StoredObject, in_threads
from dotflow_gcp.errors import client_errors, storage_error

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXPIRES_AT = "dotflow-expires-at"  # in an object's metadata, for listings


class StorageGCS(ObjectStorage):
    """Keeps each context in an object of a GCS bucket, for any number of machines.

    Nothing is asked of GCS before the first use; `check()` asks it at once. The
    credentials are Google's Application Default Credentials, and need the role Storage
    Object User on the bucket. With `STORAGE_EMULATOR_HOST` set, Google's client speaks
    to that emulator.

    GCS takes about one write of the same object in a second: whoever counts or locks
    with `atomic_swap` waits accordingly.

    Args:
        bucket: The bucket.
        prefix: What the names of all objects begin with. Default `"dotflow/"`.
        project: The project that the requests belong to; default: Google's.
        codec: `"json"`: never pickle. `"pickle"`: JSON, and pickle for what JSON has no
            form for; whoever can write to the bucket can then run code in the reader.
        timeout: The longest wait for a connection, and for the whole of an answer, in
            seconds, with one more for each megabyte that is sent or received.
        retry_timeout: How long a request that fails is repeated, with growing pauses,
            before its failure counts, in seconds. 0: it is not repeated.
        keep_runs: How many of the newest runs the history keeps; None for all, 0 to
            keep no history.
        keep_days: After how many days it forgets a run; None for never.

    Raises:
        ProviderError: The bucket, the prefix, `timeout` or `retry_timeout` cannot be one.
        ValueError: There is no such codec, or a number of the history is out of range.
    """

    scheme = "gs"
    url_options = ObjectStorage.common_options | {
        "project": str,
        "retry_timeout": float,
    }

    def __init__(
        self,
        bucket: str,
        prefix: str = "dotflow/",
        project: str | None = None,
        *,
        codec: str = "json",
        timeout: float = 30.0,
        retry_timeout: float = 60.0,
        keep_runs: int | None = 1000,
        keep_days: float | None = None,
    ) -> None:
        super().__init__(bucket, prefix, codec, keep_runs, keep_days, timeout=timeout)
        if not retry_timeout >= 0:
            raise ProviderError(f"retry_timeout={retry_timeout!r} must be 0 or more.")
        self.project = project
        self.retry_timeout = retry_timeout
        self._bucket_seen = False

    def connect(self) -> Any:
        """Make a client of google-cloud-storage."""
        from google.cloud.storage import Client

        client = Client(project=self.project)
        for adapter in client._http.adapters.values():  # noqa: SLF001 - the one way there is
            pools = adapter.poolmanager
            pools.pool_classes_by_scheme = bounded_pools(pools.pool_classes_by_scheme)
        return client

    def read_object(self, name: str, limit: int | None = None) -> StoredObject | None:
        """Return an object; see `ObjectStorage.read_object`."""
        from google.api_core.exceptions import NotFound, RequestRangeNotSatisfiable

        some = {} if limit is None else {"start": 0, "end": limit - 1}
        with self.requests() as client:
            blob = client.bucket(self.bucket).blob(name)
            try:
                data = blob.download_as_bytes(**some, **self._limits())
            except RequestRangeNotSatisfiable:  # it is empty
                return StoredObject(b"", "")
            except NotFound:
                # What is missing may be the object or the bucket.
                if not self._bucket_seen:
                    self.check()
                    self._bucket_seen = True
                return None
            return StoredObject(data, str(_generation(blob)))

    def write_object_if(
        self, name: str, data: bytes, expires_at: float | None, version: str | None
    ) -> bool:
        """Make or replace an unchanged object; see `ObjectStorage.write_object_if`."""
        from google.api_core.exceptions import Conflict, PreconditionFailed

        generation = 0 if version is None else int(version)
        with self.requests():
            try:
                self._put(name, data, expires_at, if_generation_match=generation)
            except (Conflict, PreconditionFailed):
                return False
        return True

    def list_objects(self, prefix: str) -> Iterator[tuple[str, float | None]]:
        """Give the names that begin so; see `ObjectStorage.list_objects`."""
        with self.requests() as client:
            for blob in client.list_blobs(
                self.bucket,
                prefix=prefix,
                fields="items(name,metadata),nextPageToken",
                **self._limits(),
            ):
                end = (blob.metadata or {}).get(_EXPIRES_AT)
                yield blob.name, None if end is None else float(end)

    def remove_objects(self, names: list[str]) -> None:
        """Remove objects; see `ObjectStorage.remove_objects`."""
        from google.api_core.exceptions import NotFound

        with self.requests() as client:
            bucket = client.bucket(self.bucket)

            def remove(name: str) -> None:
                try:
                    bucket.delete_blob(name, **self._limits())
                except NotFound:
                    pass  # somebody else was faster

            # Not as batches: the client does not repeat the parts of one that failed.
            in_threads(remove, names)

    def _put(
        self, name: str, data: bytes, expires_at: float | None, **condition: int
    ) -> None:
        blob = self.client().bucket(self.bucket).blob(name)
        if expires_at is not None:
            blob.metadata = {_EXPIRES_AT: repr(expires_at)}
        blob.upload_from_string(
            data, content_type="application/json", **condition, **self._limits()
        )
        _generation(blob)

    def _limits(self) -> dict[str, Any]:
        """Return the arguments of every request."""
        from google.cloud.storage.retry import DEFAULT_RETRY

        retry = DEFAULT_RETRY.with_timeout(self.retry_timeout)
        return {
            "timeout": self.timeout,
            # Repeating any request here is safe: the last write wins, and a
            # conditional one tells by its mark what it has done.
            "retry": retry if self.retry_timeout else None,
        }

    def client_errors(self) -> tuple[type[Exception], ...]:
        """Return the classes of what a request may raise."""
        return client_errors()

    def storage_error(self, error: Exception) -> StorageError:
        """Return what an error of the client means for the user of the storage."""
        return storage_error(self.bucket, error)


def _generation(blob: Any) -> int:
    """Return the generation of an object, which whatever is no GCS does not tell."""
    if blob.generation is None:
        raise ValueError("the object has no generation")
    generation: int = blob.generation
    return generation
