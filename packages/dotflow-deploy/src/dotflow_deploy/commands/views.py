"""Plans and states as a user reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from dotflow_deploy.stack.change import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dotflow_deploy.stack import Change, Plan, Resource

_SIGNS: Final = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.DELETE: ("-", "red"),
    Action.KEEP: ("=", "bright_black"),
    Action.CONFLICT: ("!", "red"),
}
_DOING: Final = {
    Action.CREATE: "Creating",
    Action.UPDATE: "Changing",
    Action.DELETE: "Removing",
}
_COUNTED: Final = {
    Action.CREATE: "to create",
    Action.UPDATE: "to change",
    Action.DELETE: "to remove",
    Action.KEEP: "unchanged",
    Action.CONFLICT: "in the way",
}
_DONE: Final = {
    **_COUNTED,
    Action.CREATE: "created",
    Action.UPDATE: "changed",
    Action.DELETE: "removed",
}


def print_plan(plan: Plan) -> None:
    """Print each change with what differs, then how many there are of each."""
    width = max((len(change.kind) for change in plan), default=0)
    for change in plan:
        sign, colour = _SIGNS[change.action]
        more = change.detail or "; ".join(map(str, change.differences))
        if change.action is Action.CONFLICT:
            more = "exists, and was not made by this project's deployment"
        line = f"  {sign} {change.kind:<{width}}  {change.name}"
        click.secho(f"{line}  ({more})" if more else line, fg=colour)
    click.echo(_counts(plan, _COUNTED))


def print_done(plan: Plan) -> None:
    """Print how many changes were made of each kind, and why something was left."""
    for change in plan:
        if change.action is Action.KEEP and change.detail:
            click.secho(f"  = {change.kind}  {change.name}  ({change.detail})")
        for difference in change.differences if change.action is Action.UPDATE else ():
            # By name: a setting of an earlier deployment that this one was not given
            # is taken back, which nobody may have meant.
            click.secho(f"  ~ {change.kind}  {change.name}  {difference}")
    click.echo(_counts(plan, _DONE))


def show_progress(change: Change) -> None:
    """Say what is about to be changed, which may take minutes."""
    more = f" ({change.detail})" if change.detail else ""
    click.echo(f"{_DOING[change.action]} {change.kind} {change.name}{more}", err=True)


def print_states(resources: Sequence[Resource]) -> None:
    """Print which resources are there."""
    width = max((len(resource.kind) for resource in resources), default=0)
    for resource in resources:
        text, colour = state_of(resource)
        line = f"  {resource.kind:<{width}}  {resource.name}  "
        click.echo(line + click.style(text, fg=colour))


def print_outputs(outputs: Mapping[str, str]) -> None:
    """Print what a user wants to know of what is there, a line each."""
    for title, text in outputs.items():
        click.echo(f"{title}: {text}")


def state_of(resource: Resource) -> tuple[str, str]:
    """Return whether a resource is there, as a word and its colour."""
    if resource.state is None:
        return "absent", "bright_black"
    if resource.is_ours(resource.state):
        return "present", "green"
    return "not ours", "yellow"


def _counts(plan: Plan, words: dict[Action, str]) -> str:
    counts = [(plan.count(action), word) for action, word in words.items()]
    return ", ".join(f"{n} {word}" for n, word in counts if n) + "."
