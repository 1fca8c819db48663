"""`StorageS3`: checkpoints in a bucket of Amazon S3."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Any

from dotflow.base.masking import keep_secret, mask
from dotflow.base.patience import CallTime, bounded_pools
from dotflow.errors import ProviderError, StorageError, SwapNotSupported
from dotflow.providers.object_storage import ObjectStorage, StoredObject, in_threads
from dotflow_aws.errors import client_errors, error_code, storage_error

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH = 1000  # what one DeleteObjects request takes
# Another writer was faster, or deleted the object: the caller looks again.
_CHANGED = ("PreconditionFailed", "412", "ConditionalRequestConflict", "409")
_MISSING = ("NoSuchKey", "404")
_CHECKSUMS = ("request_checksum_calculation", "response_checksum_validation")
_DEADLINE = "dotflow_deadline"
# Of one request with its repetitions, and of an object that is asked for several times
# since its transfer breaks off.
_requesting, _reading = CallTime(), CallTime()
_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class StorageS3(ObjectStorage):
    """Keeps each context in an object of an S3 bucket, for any number of machines.

    Nothing is asked of S3 before the first use; `check()` asks it at once. The
    credentials need `s3:GetObject`, `s3:PutObject` and `s3:DeleteObject` on the objects
    and `s3:ListBucket` on the bucket, and come from where boto3 looks for them alone.

    Args:
        bucket: The bucket.
        prefix: What the names of all objects begin with. Default `"dotflow/"`.
        region: The bucket's region; default: boto3's.
        endpoint_url: The address of another service that speaks S3, such as MinIO.
            For `atomic_swap` it has to support conditional writes.
        codec: `"json"`: never pickle. `"pickle"`: JSON, and pickle for what JSON has no
            form for; whoever can write to the bucket can then run code in the reader.
        timeout: The longest wait for a connection, and for the whole of an answer, in
            seconds, with one more for each megabyte that is sent or received; after that
            time no further attempt is made either.
        max_attempts: How often a request is made, with growing pauses, before its
            failure counts.
        keep_runs: How many of the newest runs the history keeps; None for all, 0 to
            keep no history.
        keep_days: After how many days it forgets a run; None for never.

    Raises:
        ProviderError: The bucket, the prefix, `timeout` or `max_attempts` cannot be one.
        ValueError: There is no such codec, or a number of the history is out of range.
    """

    scheme = "s3"
    url_options = ObjectStorage.common_options | {
        "endpoint_url": str,
        "max_attempts": int,
        "region": str,
    }

    def __init__(
        self,
        bucket: str,
        prefix: str = "dotflow/",
        region: str | None = None,
        *,
        endpoint_url: str | None = None,
        codec: str = "json",
        timeout: float = 10.0,
        max_attempts: int = 5,
        keep_runs: int | None = 1000,
        keep_days: float | None = None,
    ) -> None:
        super().__init__(bucket, prefix, codec, keep_runs, keep_days, timeout=timeout)
        if max_attempts < 1:
            raise ProviderError(f"max_attempts={max_attempts!r} must be 1 or more.")
        self.region = region
        self.endpoint_url = endpoint_url
        keep_secret(endpoint_url)
        # Where a service knows no keys, "test" stands for one.
        keep_secret(*map(os.environ.get, _SECRETS), whole=True, shortest=16)
        self.max_attempts = max_attempts

    def connect(self) -> Any:
        """Make a client of boto3."""
        from boto3.session import Session
        from botocore.config import Config

        config = Config(
            connect_timeout=self.timeout,
            read_timeout=self.timeout,
            retries={"mode": "standard", "total_max_attempts": self.max_attempts},
            user_agent_extra="dotflow",
        )
        if self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3"):
            # Many a service that speaks S3 knows no checksums behind a body.
            plain = dict.fromkeys(_CHECKSUMS, "when_required")
            try:
                config = config.merge(Config(**plain))
            except TypeError:
                pass  # an older boto3 sends none
        # A session of its own: boto3's shared one is not safe to use in threads.
        client = Session().client(
            "s3",
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            config=config,
        )
        client.meta.events.register("request-created.s3", self._bound)
        # There is no public way to the pools; the bound on each wait stays without.
        session = getattr(getattr(client, "_endpoint", None), "http_session", None)
        pools = getattr(
            getattr(session, "_manager", None), "pool_classes_by_scheme", {}
        )
        # In place: proxies have the same.
        pools.update(bounded_pools(pools, _requesting))
        return client

    def _bound(self, request: Any, **_: Any) -> None:
        """Make no attempt beyond the time limit; botocore calls this before each one."""
        from botocore.exceptions import ReadTimeoutError

        latest = min(time.monotonic() + self.timeout, _reading.until)
        _requesting.until = end = request.context.setdefault(_DEADLINE, latest)
        if time.monotonic() > end:
            raise ReadTimeoutError(endpoint_url=mask(str(request.url)))

    def read_object(self, name: str, limit: int | None = None) -> StoredObject | None:
        """Return an object; see `ObjectStorage.read_object`."""
        some = {} if limit is None else {"Range": f"bytes=0-{limit - 1}"}
        with self.requests() as client:
            _reading.until = time.monotonic() + self.timeout
            try:
                return self._read(client, name, some)
            finally:
                _reading.until = math.inf

    def _read(
        self, client: Any, name: str, some: dict[str, str]
    ) -> StoredObject | None:
        for attempts_left in reversed(range(self.max_attempts)):
            try:
                answer = client.get_object(Bucket=self.bucket, Key=name, **some)
            except client.exceptions.ClientError as error:
                if error_code(error) == "InvalidRange":  # it is empty
                    return StoredObject(b"", "")
                if error_code(error) in _MISSING:
                    return None
                raise
            if not answer.get("ETag"):
                raise StorageError(self._no_s3("sent an object"))
            _reading.until += answer["ContentLength"] / 1_000_000
            try:
                with answer["Body"] as body:
                    return StoredObject(body.read(), answer["ETag"])
            except client_errors():
                # boto3 repeats a request, but not one whose answer breaks off.
                if not attempts_left or _reading.left() <= 0:
                    raise
        raise AssertionError  # for the type checker; the last attempt has raised

    def write_object_if(
        self, name: str, data: bytes, expires_at: float | None, version: str | None
    ) -> bool:
        """Make or replace an unchanged object; see `ObjectStorage.write_object_if`."""
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        with self.requests() as client:
            try:
                self._put(name, data, expires_at, **condition)
            except client.exceptions.ClientError as error:
                if error_code(error) in (*_CHANGED, *_MISSING):
                    return False
                if error_code(error) in ("NotImplemented", "501"):
                    raise SwapNotSupported(
                        f"The service of the bucket {self.bucket!r} has no conditional"
                        " writes."
                    ) from error
                raise
        return True

    def list_objects(self, prefix: str) -> Iterator[tuple[str, float | None]]:
        """Give the names that begin so; see `ObjectStorage.list_objects`."""
        with self.requests() as client:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix
            )
            for page in pages:
                if "IsTruncated" not in page:
                    raise StorageError(self._no_s3("listed objects"))
                found = page.get("Contents", [])
                expiring = [item["Key"] for item in found if _expires(item["Size"])]
                ends = dict(zip(expiring, in_threads(self._end, expiring), strict=True))
                for item in found:
                    yield item["Key"], ends.get(item["Key"])

    def remove_objects(self, names: list[str]) -> None:
        """Remove objects; see `ObjectStorage.remove_objects`."""
        with self.requests() as client:
            for start in range(0, len(names), _BATCH):
                batch = [{"Key": name} for name in names[start : start + _BATCH]]
                answer = client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True}
                )
                for error in answer.get("Errors", ()):
                    problem = client.exceptions.ClientError(
                        {"Error": error}, "DeleteObjects"
                    )
                    raise storage_error(self.bucket, problem, self.endpoint_url)

    def _put(
        self, name: str, data: bytes, expires_at: float | None, **condition: str
    ) -> None:
        if _expires(len(data)) != (expires_at is not None):
            data += b"\n"
        answer = self.client().put_object(
            Bucket=self.bucket,
            Key=name,
            Body=data,
            ContentType="application/json",
            **condition,
        )
        if not answer.get("ETag"):
            raise StorageError(self._no_s3("stored an object"))

    def _end(self, name: str) -> float | None:
        """Return when an object of a size that says so expires."""
        from dotflow.errors import DecodeError

        try:
            header = self.read_header(name) or {}
        except DecodeError:
            return None  # listed, so that it can be found and deleted
        end: float | None = header.get("expires_at")
        return end

    def client_errors(self) -> tuple[type[Exception], ...]:
        """Return the classes of what a request may raise."""
        return client_errors()

    def storage_error(self, error: Exception) -> StorageError:
        """Return what an error of the client means for the user of the storage."""
        return storage_error(self.bucket, error, self.endpoint_url)

    def _no_s3(self, done: str) -> str:
        return (
            f"Cannot use the bucket {self.bucket!r}: what answers is no S3, since it"
            f" says to have {done}, and does not say which. Check endpoint_url=."
        )


def _expires(size: int) -> bool:
    """Tell by its size whether an object has a ttl.

    A listing says no more of an object than its name, size, time and ETag, and to ask
    for each one's header would be a request for each. So those with a ttl get an odd
    size and all others an even one, by one more line break at their end.
    """
    return size % 2 == 1
