"""Docker, asked and told through its command."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.build.docker import find_program
from dotflow_deploy.errors import CloudError
from dotflow_deploy.programs import ask, redacted

if TYPE_CHECKING:
    from pathlib import Path

PROJECT_LABEL: Final = "com.docker.compose.project"
"""The mark that compose itself puts on what it makes."""

_UNTAGGED: Final = "<none>"


class Engine:
    """Docker's command. Nothing is asked before the first question.

    Args:
        cwd: The folder that it runs in.
    """

    def __init__(self, cwd: Path) -> None:
        self.cwd = cwd

    @cached_property
    def program(self) -> str:
        """`"docker"`, or `"podman"`.

        Raises:
            BuildError: Neither is there, or it does not run.
        """
        return find_program()

    @cached_property
    def _has_compose(self) -> bool:
        return ask([self.program, "compose", "version"]).returncode == 0

    def run(
        self,
        resource: object,
        doing: str,
        *arguments: str,
        text: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Run a command of docker, and return what it answers.

        Args:
            resource: What it is about.
            doing: What is to be done: `"create"`.
            *arguments: Its arguments, of which none is a secret.
            text: What it reads from its standard input.
            env: Variables besides this process's own; their values are never shown.

        Raises:
            CloudError: It ended with an error.
        """
        env = env or {}
        command = [self.program, *arguments]
        answer = ask(command, text=text, cwd=self.cwd, env={**os.environ, **env})
        if answer.returncode != 0:
            told = answer.stderr.strip() or f"it ended with {answer.returncode}"
            reason = redacted(told, list(env.values()))
            raise CloudError(str(resource), doing, f"{self.program} says: {reason}")
        return answer.stdout

    def compose(
        self,
        resource: object,
        doing: str,
        *arguments: str,
        text: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Run a command of docker compose.

        Args:
            resource: As of `run`.
            doing: As of `run`.
            *arguments: Its arguments, of which none is a secret.
            text: The definition, which it reads from its standard input.
            env: Variables that the definition refers to.

        Raises:
            CloudError: It ended with an error, or docker has no compose.
        """
        if not self._has_compose:
            raise CloudError(
                str(resource),
                doing,
                f"{self.program} has no command compose",
                hint="Install it (apt-get install docker-compose-plugin, or see"
                " https://docs.docker.com/compose/install), and run this again.",
            )
        self.run(resource, doing, "compose", *arguments, text=text, env=env)

    def images(self, marks: Mapping[str, str]) -> dict[str, str]:
        """Return the ids of the images that bear labels, by their names with tags.

        One that has lost its tag to a newer one goes by its id.
        """
        filters = [f for pair in marks.items() for f in ("--filter", _label(*pair))]
        form = ["--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]
        told = self.run("the images", "list", "image", "ls", *filters, *form)
        pairs = (line.split() for line in told.splitlines())
        # podman says "localhost/" before a name that says nothing of a registry.
        named = ((name.removeprefix("localhost/"), id_of(i)) for name, i in pairs)
        return {i if _UNTAGGED in name else name: i for name, i in named}

    def containers(self, project: str) -> list[dict[str, Any]]:
        """Return what docker tells of the containers of a compose project."""
        mark = ["--filter", _label(PROJECT_LABEL, project)]
        names = self.run("the containers", "list", "ps", "-aq", *mark).split()
        if not names:
            return []
        told = self.run("the containers", "read", "inspect", *names)
        found: list[dict[str, Any]] = json.loads(told)
        return found

    def volume(self, name: str) -> dict[str, Any] | None:
        """Return what docker tells of a volume, or None if it is not there."""
        names = self.run("the volumes", "list", "volume", "ls", "--format", "{{.Name}}")
        if name not in names.split():
            return None
        told = self.run(f"volume {name}", "read", "volume", "inspect", name)
        found: dict[str, Any] = json.loads(told)[0]
        return found


def id_of(text: str) -> str:
    """Return an image's id, which docker and podman write differently."""
    return text.removeprefix("sha256:")


def _label(name: str, value: str) -> str:
    return f"label={name}={value}"
