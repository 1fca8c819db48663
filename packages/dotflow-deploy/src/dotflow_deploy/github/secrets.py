"""The variables of the runs, as secrets of GitHub Actions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.github.client import absent, asking
from dotflow_deploy.github.contents import secret_names
from dotflow_deploy.stack import Difference, Resource, State

if TYPE_CHECKING:
    from dotflow_deploy.github.repository import Repository

_SECRETS: Final = "Secrets: write (classic: repo)"
_VARIABLES: Final = "Variables: write (classic: repo)"

# A second deployment takes this long for each secret, and so does whoever guesses.
_COST: Final = {"n": 2**14, "r": 8, "p": 1}


class Secrets(Resource):
    """The secrets of a project, and a variable that records which are its own.

    GitHub tells no secret's value. So the record has a salted, slow digest of each: what
    is unchanged is told by it, and is not sent again.
    """

    kind: ClassVar[str] = "Actions secrets"

    def __init__(self, repository: Repository) -> None:
        self.project = repository.project
        super().__init__(f"DOTFLOW_{self.project.name.replace('-', '_').upper()}")
        self.repository = repository

    def read(self) -> State | None:
        """Return the names of the repository's secrets, and our record.

        None if there is no record, and none of our names is taken.
        """
        if self.repository.state is None:
            return None
        found = self.repository.found
        with asking(self, "list", "Secrets: read (classic: repo)"):
            names = {secret.name for secret in found.get_secrets()}
        record = self._record()
        if record is None and not names & set(self._values()):
            return None
        return {"names": names, "record": record}

    def is_ours(self, state: State) -> bool:
        """Tell whether none of the names that we need is somebody else's."""
        known = set(state["record"] or {})
        return not (state["names"] - known) & set(self._values())

    def detail(self) -> str:
        """Return how many there are."""
        return f"{len(self._values())} secrets"

    def differences(self, state: State) -> Sequence[Difference]:
        """Return which of them have other values, never the values."""
        record, names, values = state["record"], state["names"], self._values()
        return [
            Difference(
                name,
                "(set)" if name in names else None,
                "(changed)" if name in values else None,
            )
            for name in sorted(record.keys() | values.keys())
            if name not in values
            or name not in names
            or not _is_digest(record.get(name, ""), values[name])
        ]

    def create(self) -> None:
        """Set them."""
        self.update({"names": set(), "record": {}})

    def update(self, state: State) -> None:
        """Set those that have changed, and remove those that are not declared."""
        record, values = dict(state["record"]), self._values()
        changed = {difference.name for difference in self.differences(state)}
        # First: what is set and not recorded would be somebody else's at the next run.
        claimed = dict.fromkeys(changed & values.keys(), "")
        kept = {name: text for name, text in record.items() if name not in changed}
        going = dict.fromkeys(changed - values.keys(), "")
        if claimed or going or not record:
            self._write({**kept, **claimed, **going})
        for name in sorted(claimed):
            with asking(f"secret {name}", "set", _SECRETS):
                self.repository.found.create_secret(name, values[name])
        self._remove(sorted(going), state["names"])
        if claimed or going:
            digests = {name: _digest(values[name]) for name in claimed}
            self._write({**kept, **digests})

    def delete(self, state: State) -> None:
        """Remove those of the record, and then the record."""
        self._remove(sorted(state["record"]), state["names"])
        with asking(self, "remove", _VARIABLES):
            self.repository.found.get_variable(self.name).delete()

    def _values(self) -> Mapping[str, str]:
        env = self.project.env
        return {name: env[variable] for variable, name in secret_names(env).items()}

    def _remove(self, names: Sequence[str], there: set[str]) -> None:
        from github import GithubException

        for name in names:
            if name not in there:
                continue
            with asking(f"secret {name}", "remove", _SECRETS):
                secret = self.repository.found.get_secret(name)
                try:
                    secret.delete()
                except GithubException as error:
                    if not absent(error):
                        raise

    def _record(self) -> dict[str, str] | None:
        from github import GithubException

        with asking(self, "read", "Variables: read (classic: repo)"):
            try:
                text = self.repository.found.get_variable(self.name).value
            except GithubException as error:
                if not absent(error):
                    raise
                return None
        try:
            found: Any = json.loads(text)
        except ValueError:
            return None
        return found.get("secrets") if isinstance(found, dict) else None

    def _write(self, record: Mapping[str, str]) -> None:
        from github import GithubException

        text = json.dumps({"secrets": dict(sorted(record.items()))})
        with asking(self, "record", _VARIABLES):
            found = self.repository.found
            try:
                variable = found.get_variable(self.name)
                there = variable.value
            except GithubException as error:
                if not absent(error):
                    raise
                found.create_variable(self.name, text)
                return
            if there != text:
                # `Variable.edit` does not tell why it did not work.
                given = {"name": self.name, "value": text}
                found.requester.requestJsonAndCheck("PATCH", variable.url, input=given)


def _digest(value: str, salt: bytes | None = None) -> str:
    salt = os.urandom(16) if salt is None else salt
    made = hashlib.scrypt(value.encode(), salt=salt, dklen=32, **_COST)
    return base64.b64encode(salt + made).decode()


def _is_digest(digest: str, value: str) -> bool:
    try:
        salt = base64.b64decode(digest)[:16]
    except ValueError:
        return False  # somebody has changed the record by hand
    return bool(salt) and hmac.compare_digest(_digest(value, salt), digest)
