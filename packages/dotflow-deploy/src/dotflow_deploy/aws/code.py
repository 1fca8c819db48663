"""The code of a Lambda function: a zip file, or an image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.errors import NotOurs

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow_deploy.aws.bucket import WorkBucket
    from dotflow_deploy.aws.image import Image
    from dotflow_deploy.build import Builder

DIRECT: Final = 50_000_000
"""The largest zip file that goes with the request itself, in bytes; others pass S3."""

Lines = Callable[[str], None]


class Code(ABC):
    """What a function runs."""

    package: ClassVar[str]
    """Lambda's name of its kind: `"Zip"` or `"Image"`."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """A digest of it, known without building."""

    @abstractmethod
    def uploaded(self) -> Any:
        """Return a context manager of the arguments that tell Lambda where it is."""

    @property
    @abstractmethod
    def sha(self) -> str | None:
        """What Lambda tells of it once it is uploaded, if that is known before."""


class ZipCode(Code):
    """A zip file. A large one is in a bucket for as long as Lambda reads it.

    Args:
        builder: What makes it.
        bucket: Where a large one goes on its way.
        echo: Takes a line about each slow step.
        direct: The largest that needs no bucket, in bytes.
    """

    package = "Zip"

    def __init__(
        self,
        builder: Builder[Path],
        bucket: WorkBucket,
        echo: Lines,
        direct: int = DIRECT,
    ) -> None:
        self.builder = builder
        self.bucket = bucket
        self.echo = echo
        self.direct = direct
        self._sha: str | None = None

    @property
    def digest(self) -> str:
        """A digest of what goes into the zip."""
        return self.builder.digest

    @property
    def sha(self) -> str | None:
        """The digest of the zip itself, as Lambda tells it, once it is made."""
        return self._sha

    @contextmanager
    def uploaded(self) -> Iterator[dict[str, Any]]:
        """Build it, and have it where Lambda can read it meanwhile."""
        content = self.builder.build(self.echo).read_bytes()
        self._sha = b64encode(sha256(content).digest()).decode()
        if len(content) <= self.direct:
            yield {"ZipFile": content}
            return
        bucket = self.bucket
        state = bucket.read()
        # The names of buckets are the whole world's: no code goes to one of others.
        if state is not None and not bucket.is_ours(state):
            raise NotOurs(str(bucket))
        if state is None:
            bucket.create()
        self.echo(f"Uploading {len(content) / 1024 / 1024:.0f} MB by way of S3")
        key = f"{self.digest}.zip"
        bucket.call("put_object", Bucket=bucket.name, Key=key, Body=content)
        yield {"S3Bucket": bucket.name, "S3Key": key}
        # Not where this has failed: what runs next finds it by its mark and removes it.
        bucket.delete({})


class ImageCode(Code):
    """An image in ECR, named by its digest.

    Args:
        image: The image, which comes before the function in the stack.
    """

    package = "Image"

    def __init__(self, image: Image) -> None:
        self.image = image

    @property
    def digest(self) -> str:
        """The digest of what goes into the image."""
        return self.image.builder.digest

    @property
    def sha(self) -> str | None:
        """Not known: Lambda makes its own of an image."""
        return None

    @contextmanager
    def uploaded(self) -> Iterator[dict[str, Any]]:
        """Tell where it is."""
        yield {"ImageUri": self.image.uri}
