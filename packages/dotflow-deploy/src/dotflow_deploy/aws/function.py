"""Lambda functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.account import NONE, Patience
from dotflow_deploy.aws.environment import compare_env
from dotflow_deploy.aws.resource import AwsResource, Site
from dotflow_deploy.errors import CloudError
from dotflow_deploy.stack import Difference, State

if TYPE_CHECKING:
    from dotflow_deploy.aws.code import Code
    from dotflow_deploy.aws.role import Role

HANDLER: Final = "handler.handler"
ARCHITECTURE: Final = "x86_64"

CODE_TAG: Final = "dotflow-code"
"""A tag with the digest of what the code was made from: known without building it."""
SHA_TAG: Final = "dotflow-uploaded"
"""A tag with the digest of the zip file, to see whether someone else changed it."""

_GONE: Final = "ResourceNotFoundException"
# The role, or its policy, is not known to Lambda yet.
_ROLE: Final = Patience(("InvalidParameterValueException",), 60)
# A change is under way.
_BUSY: Final = Patience(("ResourceConflictException",), 60)


@dataclass(frozen=True)
class Settings:
    """How a function runs.

    Attributes:
        memory: In MiB.
        timeout: In seconds.
        python: Version of Python: `"3.12"`.
        env: Variables, which may be secrets.
    """

    memory: int
    timeout: int
    python: str
    env: Mapping[str, str] = field(repr=False)


class Function(AwsResource):
    """A Lambda function.

    Args:
        name: Its name.
        site: Where it is.
        role: Whose permissions it has.
        settings: How it runs.
        code: What it runs.
        rebuild: Whether to upload the code even if it is unchanged.
    """

    kind = "Lambda function"
    service: ClassVar[str] = "lambda"
    arn_prefix: ClassVar[str] = "function:"

    def __init__(
        self,
        name: str,
        site: Site,
        role: Role,
        settings: Settings,
        code: Code,
        *,
        rebuild: bool = False,
    ) -> None:
        super().__init__(name, site)
        self.role = role
        self.settings = settings
        self.code = code
        self._rebuild = rebuild

    def read(self) -> State | None:
        """Return its configuration as Lambda tells it, and its tags."""
        answer = self.find("get_function", _GONE, FunctionName=self.name)
        if answer is None:
            return None
        if "TagsError" in answer:
            # Without its tags it would pass for someone else's.
            reason = answer["TagsError"].get("Message", "its tags are not told")
            raise CloudError(str(self), "read", reason, permission="lambda:ListTags")
        return {**answer["Configuration"], "tags": answer.get("Tags", {})}

    def create(self) -> None:
        """Make it, and wait until it can be called."""
        with self.code.uploaded() as code:
            tags = {**self.site.tags, **self._code_tags(self.code.sha)}
            self.call(
                "create_function",
                FunctionName=self.name,
                Code=code,
                PackageType=self.code.package,
                Architectures=[ARCHITECTURE],
                Tags=tags,
                patience=_ROLE if self.role.is_fresh else NONE,
                **self._configuration(),
            )
        self.account.wait(
            "lambda", "function_active_v2", str(self), FunctionName=self.name
        )
        self._rebuild = False

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare its settings, and the digest of its code."""
        if state.get("PackageType", "Zip") != self.code.package:
            found, wanted = state["PackageType"].lower(), self.code.package.lower()
            return [Difference("package", found, f"{wanted} (made anew)")]
        if state.get("State") == "Failed":
            return [Difference("state", "failed", "active (made anew)")]
        return [*self._settings_differences(state), *self._code_differences(state)]

    def update(self, state: State) -> None:
        """Change what differs, and wait until that is done."""
        made_anew = {"package", "state"}
        if made_anew.intersection(d.name for d in self.differences(state)):
            self.delete(state)
            self.create()
            return
        if self._settings_differences(state):
            self.call(
                "update_function_configuration",
                FunctionName=self.name,
                patience=Patience((*_BUSY.codes, *_ROLE.codes), 60)
                if self.role.is_fresh
                else _BUSY,
                **self._configuration(),
            )
            self._wait()
        if self._code_differences(state):
            with self.code.uploaded() as code:
                self.call(
                    "update_function_code",
                    FunctionName=self.name,
                    patience=_BUSY,
                    **code,
                )
                self._wait()
            # Last: if something failed before, the code is uploaded again.
            tags = self._code_tags(self.code.sha)
            self.call("tag_resource", Resource=self.arn, Tags=tags)
            self._rebuild = False

    def delete(self, state: State) -> None:
        """Remove it, with its permissions."""
        self.find("delete_function", _GONE, FunctionName=self.name, patience=_BUSY)

    def detail(self) -> str:
        """Return its memory, its time limit and its Python."""
        settings = self.settings
        kind = self.code.package.lower()
        return (
            f"{settings.memory} MB, {settings.timeout} s, Python {settings.python},"
            f" {kind}"
        )

    def _configuration(self) -> dict[str, Any]:
        settings = self.settings
        made: dict[str, Any] = {
            "Role": self.role.arn,
            "MemorySize": settings.memory,
            "Timeout": settings.timeout,
            "Environment": {"Variables": dict(settings.env)},
        }
        if self.code.package == "Zip":
            made |= {"Runtime": f"python{settings.python}", "Handler": HANDLER}
        return made

    def _settings_differences(self, state: State) -> list[Difference]:
        settings = self.settings
        compared = [
            ("memory", f"{state.get('MemorySize')} MB", f"{settings.memory} MB"),
            ("timeout", f"{state.get('Timeout')} s", f"{settings.timeout} s"),
            ("role", state.get("Role"), self.role.arn),
        ]
        if self.code.package == "Zip":
            compared += [
                ("runtime", state.get("Runtime"), f"python{settings.python}"),
                ("handler", state.get("Handler"), HANDLER),
            ]
        env = state.get("Environment", {}).get("Variables", {})
        return [
            *(Difference(*each) for each in compared if each[1] != each[2]),
            *compare_env(env, settings.env),
        ]

    def _code_differences(self, state: State) -> list[Difference]:
        found, wanted = state["tags"].get(CODE_TAG), self.code.digest
        uploaded = state["tags"].get(SHA_TAG)
        if found != wanted:
            return [Difference("code", _short(found), _short(wanted))]
        if uploaded is not None and uploaded != state.get("CodeSha256"):
            return [Difference("code", "(changed by someone else)", _short(wanted))]
        if self._rebuild:
            return [Difference("code", _short(found), "(built anew)")]
        return []

    def _code_tags(self, sha: str | None) -> dict[str, str]:
        tags = {CODE_TAG: self.code.digest}
        return tags if sha is None else {**tags, SHA_TAG: sha}

    def _wait(self) -> None:
        self.account.wait(
            "lambda", "function_updated_v2", str(self), FunctionName=self.name
        )


def _short(digest: str | None) -> str | None:
    return None if digest is None else digest[:12]
