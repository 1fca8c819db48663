"""What a user asks of a deployment, whatever the platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

MEMORY: Final = 512
TIMEOUT: Final = 900


def _silent(line: str) -> None:
    """Take a line about what a slow step is at, and show it nowhere."""


@dataclass(frozen=True)
class Options:
    """Options of `dotflow deploy`.

    Attributes:
        region: The platform's region. None: the platform's default.
        schedule: A cron expression of five fields, in UTC. None: no schedule.
        memory: Memory of a run, in megabytes (MiB).
        timeout: Longest time of a run, in seconds.
        builder: `"zip"` or `"docker"`. None: the platform's default.
        rebuild: Whether to build even what is unchanged, so that newer releases of
            dependencies without an exact version are taken in.
        image: Where an image goes, or is already: `"registry.example.com/team/shop"` is
            built and pushed there; with a tag or digest, it is used as it is.
        namespace: The namespace of a cluster. None: that of the current context.
        repository: A repository that is there already, `"owner/name"`. None: one of the
            project's name, which is made.
        echo: Takes a line about what a slow step is at; pass it to builders.
    """

    region: str | None = None
    schedule: str | None = None
    memory: int = MEMORY
    timeout: int = TIMEOUT
    builder: str | None = None
    rebuild: bool = False
    image: str | None = None
    namespace: str | None = None
    repository: str | None = None
    echo: Callable[[str], None] = field(default=_silent, repr=False, compare=False)
