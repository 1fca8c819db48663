"""The resources of one deployment, in the order in which they build upon each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dotflow_deploy.errors import NotOurs
from dotflow_deploy.stack.change import Action, Change, Plan

if TYPE_CHECKING:
    from dotflow_deploy.stack.resource import Resource

Progress = Callable[[Change], None]
"""Called before each change is made, which may take minutes."""


class Stack:
    """Resources that are made together, and removed together.

    It keeps no record: what exists is read from the platform each time. So a run that
    failed half-way, on whatever machine, is resumed by running it again.

    Args:
        resources: Each after those that it builds upon.
        outputs: Returns what a user wants to know once all is there, by title: the
            address of an API, the command that starts a run.
    """

    def __init__(
        self,
        resources: Sequence[Resource],
        outputs: Callable[[], dict[str, str]] | None = None,
    ) -> None:
        self.resources = tuple(resources)
        self._outputs = outputs

    def plan(self) -> Plan:
        """Return what `apply` would do, and change nothing."""
        changes = [_planned(r) for r in self.resources if r.wanted]
        return Plan([*changes, *[_to_go(resource) for resource in self._leftovers()]])

    def apply(self, progress: Progress | None = None) -> Plan:
        """Make everything as it is declared.

        Args:
            progress: Called before each change.

        Returns:
            What was done.

        Raises:
            NotOurs: Something of the same name is there already. Nothing was changed.
            CloudError: The platform refused. What was made stays, and the next call
                goes on from there.
        """
        # All of them before the first change: who finds something of others half-way
        # would leave half a deployment beside it.
        self.plan()
        for resource in self.resources:
            _check_ours(resource)
        done = []
        for resource in self.resources:
            if not resource.wanted:
                continue
            # Again: what came before it may have changed what it is compared with.
            change = _planned(resource)
            _check_ours(resource)
            done.append(change)
            if change.action is Action.KEEP:
                continue
            if progress is not None:
                progress(change)
            if resource.state is None:
                resource.create()
            else:
                resource.update(resource.state)
            # Those after it build upon what the platform tells, not upon what was asked.
            resource.state = resource.read()
        # Last: until here the former code may still run, which needs them.
        for resource in self._leftovers():
            done.append(_to_go(resource))
            _remove(resource, done[-1], progress)
        return Plan(done)

    def read(self) -> Sequence[Resource]:
        """Return all resources, with the state that the platform tells of each.

        What is neither wanted nor there is left out.
        """
        for resource in self.resources:
            resource.state = resource.read()
        return [r for r in self.resources if r.wanted or r.state is not None]

    def destroy_plan(self) -> Plan:
        """Return what `destroy` would do, and change nothing."""
        return Plan([_to_go(resource) for resource in reversed(self.read())])

    def destroy(self, progress: Progress | None = None) -> Plan:
        """Remove what a deployment made, the last first, and nothing else.

        Args:
            progress: Called before each removal.

        Returns:
            What was done.

        Raises:
            CloudError: The platform refused. The next call goes on from there.
        """
        # All are read before one goes: a part is known by the whole that it belongs to.
        going = [(r, _to_go(r)) for r in reversed(self.read())]
        for resource, change in going:
            _remove(resource, change, progress)
        return Plan([change for _, change in going])

    def outputs(self) -> dict[str, str]:
        """Return what a user wants to know of what is there, by title."""
        return {} if self._outputs is None else self._outputs()

    def _leftovers(self) -> Sequence[Resource]:
        """Return what is there and ours, but not wanted any more, the last first."""
        unwanted = [resource for resource in self.resources if not resource.wanted]
        for resource in unwanted:
            resource.state = resource.read()
        return [r for r in reversed(unwanted) if _is_there(r)]


def _planned(resource: Resource) -> Change:
    resource.state = state = resource.read()
    if state is None:
        return Change(
            Action.CREATE, resource.kind, resource.name, detail=resource.detail()
        )
    if not resource.is_ours(state):
        return Change(Action.CONFLICT, resource.kind, resource.name)
    differences = tuple(resource.differences(state))
    action = Action.UPDATE if differences else Action.KEEP
    return Change(action, resource.kind, resource.name, differences)


def _check_ours(resource: Resource) -> None:
    state = resource.state
    if resource.wanted and state is not None and not resource.is_ours(state):
        raise NotOurs(str(resource), resource.made_for(state))


def _is_there(resource: Resource) -> bool:
    return resource.state is not None and resource.is_ours(resource.state)


def _to_go(resource: Resource) -> Change:
    if resource.state is None or not _is_there(resource):
        return Change(Action.KEEP, resource.kind, resource.name)
    reason = resource.kept(resource.state)
    action = Action.KEEP if reason else Action.DELETE
    return Change(action, resource.kind, resource.name, detail=reason)


def _remove(resource: Resource, change: Change, progress: Progress | None) -> None:
    if change.action is not Action.DELETE or resource.state is None:
        return
    if progress is not None:
        progress(change)
    resource.delete(resource.state)
    resource.state = None
