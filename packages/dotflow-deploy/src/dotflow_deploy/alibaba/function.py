"""A function, and what becomes of calls that nobody waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from alibabacloud_fc20230330 import models

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.stack import (
    Difference,
    Resource,
    State,
    compare_variables,
    is_marked,
    marks,
)

if TYPE_CHECKING:
    from dotflow_deploy.alibaba.compute import Compute
    from dotflow_deploy.alibaba.package import Package
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

_MEMORY: Final = (128, 32768)
_STEP: Final = 64
_LONGEST: Final = 86400
_PROCESSOR: Final = 0.05
_DISK: Final = 512
_SAYS: Final = "Made by dotflow deploy: code="

# Nothing outside of /tmp can be written there.
_ALWAYS: Final = {"DOTFLOW_OUTPUT_PATH": "/tmp/.output"}  # noqa: S108


class Function(Resource):
    """A function whose call is a run of the workflow.

    Args:
        compute: The API.
        project: What runs.
        platform: Name of the platform.
        options: Memory, time, whether to build anew, and who takes a build's lines.
        package: Returns its code. It is asked only if something is to be compared.

    Raises:
        InvalidProject: Function Compute does not take the memory or the time.
    """

    kind = "Function Compute function"

    def __init__(
        self,
        compute: Compute,
        project: Project,
        platform: str,
        options: Options,
        package: Callable[[], Package],
    ) -> None:
        super().__init__(project.name)
        self.compute = compute
        self.project = project
        self.platform = platform
        self.options = options
        self._package = package
        least, most = _MEMORY
        if not least <= options.memory <= most or options.memory % _STEP:
            raise InvalidProject(
                f"A function has {least} to {most} MiB of memory, in steps of {_STEP}:"
                f" --memory {min(most, max(least, -(-options.memory // _STEP) * _STEP))}"
            )
        if options.timeout > _LONGEST:
            raise InvalidProject(
                f"A function runs for {_LONGEST} s (a day) at most: --timeout {_LONGEST}"
            )

    def read(self) -> State | None:
        """Return what the plan compares. The variables of the runs may be secrets."""
        found = self.compute.ask(self, "read", "fc:GetFunction", self._get)
        if found is None:
            return None
        return {
            "tags": {tag.key: tag.value for tag in found.tags or ()},
            "code": (found.description or "").partition(_SAYS)[2],
            "runtime": found.runtime,
            "memory": found.memory_size,
            "cpu": found.cpu,
            "timeout": found.timeout,
            "env": dict(found.environment_variables or {}),
        }

    def create(self) -> None:
        """Make it, with its code."""
        tags = marks(self.project.name, self.platform)
        told = {
            **self._declared(),
            "functionName": self.name,
            "tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        body = models.CreateFunctionInput().from_map(told)
        request = models.CreateFunctionRequest(body=body)
        self.compute.ask(
            self,
            "create",
            "fc:CreateFunction",
            lambda: self.compute.client.create_function(request),
        )
        self.compute.settled(self, self._get)

    def differences(self, state: State) -> Sequence[Difference]:
        """Return what is not as declared; of variables no more than that."""
        package = self._package()
        wanted: dict[str, Any] = {
            "code": package.digest,
            "runtime": package.runtime,
            "memory": self.options.memory,
            "cpu": _processors(self.options.memory),
            "timeout": self.options.timeout,
        }
        found = [
            Difference(name, str(state[name])[:12], str(value)[:12])
            for name, value in wanted.items()
            if state[name] != value
        ]
        if self.options.rebuild and state["code"] == package.digest:
            found.append(Difference("code", state["code"][:12], "built anew"))
        return found + compare_variables(state["env"], self._env())

    def update(self, state: State) -> None:
        """Change it; its code is uploaded only if that differs."""
        package = self._package()
        same = state["code"] == package.digest and state["runtime"] == package.runtime
        told = self._declared(code=not same or self.options.rebuild)
        body = models.UpdateFunctionInput().from_map(told)
        request = models.UpdateFunctionRequest(body=body)
        self.compute.ask(
            self,
            "change",
            "fc:UpdateFunction",
            lambda: self.compute.client.update_function(self.name, request),
        )
        self.compute.settled(self, self._get)

    def delete(self, state: State) -> None:
        """Remove it."""
        self.compute.ask(
            self,
            "remove",
            "fc:DeleteFunction",
            lambda: self.compute.client.delete_function(self.name),
        )

    def is_ours(self, state: State) -> bool:
        """Tell by its tags."""
        return is_marked(state["tags"], self.project.name, self.platform)

    def detail(self) -> str:
        """Return its size."""
        cpu = _processors(self.options.memory)
        return f"{self.options.memory} MiB, {cpu} CPU, {self.options.timeout} s"

    def _get(self) -> Any:
        request = models.GetFunctionRequest()
        return self.compute.client.get_function(self.name, request).body

    def _env(self) -> Mapping[str, str]:
        return {**_ALWAYS, **self.project.env}

    def _declared(self, *, code: bool = True) -> dict[str, Any]:
        package = self._package()
        return {
            **(package.code(self.options.echo) if code else {}),
            # With the code in one request: neither is ever there without the other.
            "description": f"{_SAYS}{package.digest}",
            "runtime": package.runtime,
            "cpu": _processors(self.options.memory),
            "memorySize": self.options.memory,
            "diskSize": _DISK,
            "timeout": self.options.timeout,
            "instanceConcurrency": 1,
            "internetAccess": True,
            "environmentVariables": dict(self._env()),
        }


class SingleAttempt(Resource):
    """That a call which nobody waits for is not repeated when it fails.

    A timer's calls are of that kind, and are repeated three times otherwise; a step has
    retries of its own.

    Args:
        compute: The API.
        function: The function.
    """

    kind = "Function retries"

    def __init__(self, compute: Compute, function: Function) -> None:
        super().__init__(function.name, part_of=function)
        self.compute = compute

    def read(self) -> State | None:
        """Return how often a call is repeated."""
        request = models.GetAsyncInvokeConfigRequest()
        client = self.compute.client
        found = self.compute.ask(
            self,
            "read",
            "fc:GetAsyncInvokeConfig",
            lambda: client.get_async_invoke_config(self.name, request).body,
        )
        return None if found is None else {"retries": found.max_async_retry_attempts}

    def create(self) -> None:
        """Set it."""
        body = models.PutAsyncInvokeConfigInput(max_async_retry_attempts=0)
        request = models.PutAsyncInvokeConfigRequest(body=body)
        self.compute.ask(
            self,
            "set",
            "fc:PutAsyncInvokeConfig",
            lambda: self.compute.client.put_async_invoke_config(self.name, request),
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Return whether calls are repeated."""
        # The API may leave out what is 0.
        if not state["retries"]:
            return []
        return [Difference("retries", str(state["retries"]), "0")]

    def update(self, state: State) -> None:
        """Set it again."""
        self.create()

    def delete(self, state: State) -> None:
        """Remove it."""
        request = models.DeleteAsyncInvokeConfigRequest()
        self.compute.ask(
            self,
            "remove",
            "fc:DeleteAsyncInvokeConfig",
            lambda: self.compute.client.delete_async_invoke_config(self.name, request),
        )

    def detail(self) -> str:
        """Return how often a call is repeated."""
        return "none"


def _processors(memory: int) -> float:
    """Return processors for memory in MiB, half as many as GiB, which is always taken."""
    return max(_PROCESSOR, round(round(memory / 2048 / _PROCESSOR) * _PROCESSOR, 2))
