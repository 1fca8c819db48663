"""A cluster, asked and told through kubectl, with whatever credentials that has."""

from __future__ import annotations

import json
import re
import shutil
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from dotflow_deploy.errors import CloudError
from dotflow_deploy.programs import ask, redacted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from subprocess import CompletedProcess

Manifest = dict[str, Any]

# How kubectl tells what the API server answered: the reason of its Status object.
_REFUSED = re.compile(r"^Error from server \((\w+)\): ", re.MULTILINE)
_LOGGED_OUT = re.compile(r"^error: You must be logged in to the server", re.MULTILINE)
# Its own log, with the same error in other words for each attempt.
_LOG = re.compile(r"^[EIW]\d{4} .*\n?", re.MULTILINE)

# Longest wait for something to be gone.
_GONE: Final = "120s"
_INSTALL: Final = "https://kubernetes.io/docs/tasks/tools"


class Cluster:
    """A namespace of the cluster that kubectl's current context leads to.

    Args:
        namespace: The namespace. None: that of the context.
    """

    def __init__(self, namespace: str | None) -> None:
        self.namespace = namespace

    @cached_property
    def context(self) -> str:
        """The name that kubectl's configuration has for the cluster and its user."""
        answer = ask([_program("the cluster", "find"), "config", "current-context"])
        return answer.stdout.strip() or "none"

    def get(self, kind: str, name: str) -> Manifest | None:
        """Return an object, or None if it is not there.

        Args:
            kind: Its kind, in the plural and with its group: `"jobs.batch"`.
            name: Its name.

        Raises:
            CloudError: The cluster does not tell.
        """
        command = ["get", kind, name, "--ignore-not-found", "-o", "json"]
        told = self._run(command, f"{kind} {name}", "get", kind)
        return json.loads(told) if told.strip() else None

    def find(self, kind: str, labels: Mapping[str, str]) -> list[Manifest]:
        """Return the objects that bear labels.

        Args:
            kind: As of `get`.
            labels: All of them.

        Raises:
            CloudError: The cluster does not tell.
        """
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        command = ["get", kind, "--selector", selector, "-o", "json"]
        told = self._run(command, kind, "list", kind)
        items: list[Manifest] = json.loads(told)["items"]
        return items

    def send(
        self, verb: Literal["create", "replace"], kind: str, manifest: Manifest
    ) -> None:
        """Make an object, or put it in the place of the one of its name.

        Args:
            verb: Which of the two.
            kind: As of `get`.
            manifest: What it is. It may hold secrets: it is on no command line.

        Raises:
            CloudError: The cluster refuses.
        """
        name = manifest["metadata"]["name"]
        # The manifests are tested against the schemas; asking the cluster for its own
        # would take longer than all else.
        command = [verb, "--filename", "-", "--validate=ignore", "-o", "name"]
        text = json.dumps(manifest)
        needed = "update" if verb == "replace" else verb
        self._run(command, f"{kind} {name}", needed, kind, text=text)

    def delete(self, kind: str, name: str) -> None:
        """Remove an object, and wait until it is gone. One that is gone is no error.

        Args:
            kind: As of `get`.
            name: Its name.

        Raises:
            CloudError: The cluster refuses, or it is not gone in two minutes.
        """
        command = ["delete", kind, name, "--ignore-not-found", "--timeout", _GONE]
        self._run(command, f"{kind} {name}", "delete", kind)

    def _run(
        self,
        command: list[str],
        resource: str,
        verb: str,
        kind: str,
        *,
        text: str | None = None,
    ) -> str:
        program = _program(resource, verb)
        where = [] if self.namespace is None else ["--namespace", self.namespace]
        answer = ask([program, *where, *command], text=text)
        if answer.returncode == 0:
            return answer.stdout
        raise self._error(answer, resource, verb, kind)

    def _error(
        self, answer: CompletedProcess[str], resource: str, verb: str, kind: str
    ) -> CloudError:
        told = redacted(_LOG.sub("", answer.stderr).strip())
        refused = _REFUSED.search(told)
        reason = refused[1] if refused else None
        where = "" if self.namespace is None else f" --namespace {self.namespace}"
        permission = None
        hint = "Run the same command again: it goes on where it stopped."
        if _LOGGED_OUT.search(told):
            hint = "Log in to the cluster; try: kubectl auth whoami"
        elif reason is None:
            hint = (
                "See which cluster kubectl talks to (kubectl config current-context),"
                " and whether it answers (kubectl cluster-info)."
            )
        elif reason == "Forbidden":
            permission = f"{verb} {kind}"
            hint = f"Ask for it; then try: kubectl auth can-i {verb} {kind}{where}"
        elif reason == "NotFound" and verb == "create":
            hint = f"Is the namespace there? kubectl create namespace {self.namespace}"
        shown = (
            "\n".join(told.splitlines()[-4:]) or f"it ended with {answer.returncode}"
        )
        return CloudError(
            resource, verb, f"kubectl says: {shown}", permission=permission, hint=hint
        )


def _program(resource: str, doing: str) -> str:
    program = shutil.which("kubectl")
    if program is None:
        raise CloudError(
            resource,
            doing,
            "kubectl is not installed",
            hint=f"Install it, see {_INSTALL}, and run this again.",
        )
    return program
