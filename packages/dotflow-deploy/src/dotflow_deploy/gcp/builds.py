"""Images built by Cloud Build, so that nobody needs docker."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from typing import TYPE_CHECKING, Any, Final

from google.api_core.exceptions import GoogleAPICallError
from requests import Response

from dotflow_deploy.build import Builder, DockerBuilder, Echo
from dotflow_deploy.errors import BuildError
from dotflow_deploy.gcp.refusals import SILENCE, refusal, unreachable
from dotflow_deploy.programs import redacted
from dotflow_deploy.project import project_files

if TYPE_CHECKING:
    from dotflow_deploy.gcp.accounts import ServiceAccount
    from dotflow_deploy.gcp.bucket import SourceBucket
    from dotflow_deploy.gcp.google import Google

_DOCKER: Final = "gcr.io/cloud-builders/docker"
_BUILDKIT: Final = "DOCKER_BUILDKIT=1"
_MINUTES: Final = 30
_SHOWN: Final = 12


class CloudBuilder(Builder[str]):
    """Uploads a project's files, and has its image built and pushed.

    Args:
        google: The APIs.
        local: Builds the same image with docker: which files go into it, and its name.
        bucket: Takes the files and the log.
        account: Who builds.
    """

    def __init__(
        self,
        google: Google,
        local: DockerBuilder,
        bucket: SourceBucket,
        account: ServiceAccount,
    ) -> None:
        self.google = google
        self.local = local
        self.bucket = bucket
        self.account = account

    def __str__(self) -> str:
        return f"Cloud Build of {self.local.image}"

    @property
    def digest(self) -> str:
        """A digest of what goes into the image: 64 hexadecimal digits."""
        return self.local.digest

    def build(self, echo: Echo) -> str:
        """Upload the files, build the image and push it.

        Args:
            echo: Takes a line about each slow step.

        Returns:
            The image with its tag.

        Raises:
            BuildError: A step of the image failed; the end of the log is in it.
            CloudError: An API refused.
        """
        source = f"sources/{self.digest}.tar.gz"
        content = source_archive(self.local)
        echo(f"Uploading {len(content) / 1024:.0f} kB of sources")
        blob = self.google.storage.bucket(self.bucket.name).blob(source)
        self.google.ask(
            self,
            "upload the sources for",
            "storage.objects.create",
            lambda: blob.upload_from_string(content, content_type="application/gzip"),
        )
        # Not with `project_id` besides: the build would not be of the region then.
        request = {
            "parent": self.google.location,
            "build": self._declared(source),
        }
        operation: Any = self.google.ask(
            self,
            "start",
            "cloudbuild.builds.create",
            lambda: self.google.builds.create_build(request),
        )
        started = operation.metadata.build
        echo(f"Building {self.local.reference}; the log: {started.log_url}")
        try:
            self._follow(operation, started.id, echo)
            operation.result()
        except GoogleAPICallError as error:
            # What has an answer of HTTP is of the API; what has none, of the build.
            if isinstance(error.response, Response):
                raise refusal(
                    error,
                    self,
                    "follow",
                    "cloudbuild.builds.get",
                    self.google.project,
                ) from error
            raise BuildError(self._failure(started)) from error
        except SILENCE as error:
            raise unreachable(error, self, "follow") from error
        return self.local.reference

    def _follow(self, operation: Any, name: str, echo: Echo) -> None:
        """Show the log as it grows, until the build ends."""
        shown = 0
        end = time.monotonic() + _MINUTES * 60 + 60
        while not operation.done():
            if time.monotonic() > end:
                raise TimeoutError
            lines = self._log(name)
            for line in lines[shown:]:
                echo(line)
            shown = max(shown, len(lines))
            time.sleep(self.google.pause)

    def _log(self, name: str) -> list[str]:
        """Return the lines of a build's log that there are by now, but empty ones."""
        log = self.google.storage.bucket(self.bucket.name).blob(f"log-{name}.txt")
        text = self.google.find(self, "storage.objects.get", log.download_as_text)
        return [line for line in redacted(text or "").splitlines() if line.strip()]

    def _declared(self, source: str) -> dict[str, Any]:
        # Its machines are of the kind that Cloud Run has, linux/amd64.
        arguments = ["build", "--tag", self.local.reference]
        if self.local.rebuild:
            arguments += ["--pull", "--no-cache"]
        step = {"name": _DOCKER, "args": [*arguments, "."], "env": [_BUILDKIT]}
        project = self.google.project
        return {
            "source": {
                "storage_source": {"bucket": self.bucket.name, "object_": source}
            },
            "steps": [step],
            "images": [self.local.reference],
            "timeout": {"seconds": _MINUTES * 60},
            "service_account": f"projects/{project}/serviceAccounts/{self.account.email}",
            # With a log of our own, the account needs no right on the whole project.
            "logs_bucket": f"gs://{self.bucket.name}",
            "options": {"logging": "GCS_ONLY"},
        }

    def _failure(self, build: Any) -> str:
        """Return what a failed build wrote last, or where to read it."""
        told = "\n".join(self._log(build.id)[-_SHOWN:]) or "It left no log."
        return (
            f"The image could not be built. The end of the log ({build.log_url}):"
            f"\n{told}"
        )


def source_archive(local: DockerBuilder) -> bytes:
    """Return the files of an image as a tar archive: the same ones, the same bytes.

    Args:
        local: Knows which files.
    """
    root = local.project.root
    files = {name.as_posix(): root / name for name in project_files(root)}
    buffer = io.BytesIO()
    # No moment in the header either.
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted({*files, *local.files}):
            path = files.get(name)
            content = local.files[name] if path is None else path.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = (
                0o755 if path is not None and path.stat().st_mode & 0o100 else 0o644
            )
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
