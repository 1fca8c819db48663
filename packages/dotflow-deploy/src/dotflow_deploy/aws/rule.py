"""Schedules of EventBridge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from dotflow_deploy.aws.account import Patience
from dotflow_deploy.aws.resource import AwsResource, Site, tag_map
from dotflow_deploy.errors import CloudError
from dotflow_deploy.schedule import eventbridge
from dotflow_deploy.stack import Difference, State

if TYPE_CHECKING:
    from dotflow_deploy.aws.role import Role

_GONE: Final = "ResourceNotFoundException"
_BUSY: Final = Patience(("ConcurrentModificationException",), 30)
# The role cannot be taken yet, as far as EventBridge knows.
_ROLE: Final = Patience((*_BUSY.codes, "ValidationException"), 60)
TARGET: Final = "dotflow"


class Rule(AwsResource):
    """A rule of EventBridge that is due on a schedule, in UTC.

    A rule and not a schedule of EventBridge Scheduler: its event has an `id` that stays
    the same when the event is delivered again, so that a run can be resumed.

    Args:
        name: Its name.
        site: Where it is.
        schedule: When, as `eventbridge` takes it. None: not known, it is only removed.

    Raises:
        InvalidProject: The schedule is none.
        ScheduleNotExpressible: EventBridge has no such schedule.
    """

    kind = "Schedule"
    service: ClassVar[str] = "events"
    arn_prefix: ClassVar[str] = "rule/"

    def __init__(self, name: str, site: Site, schedule: str | None) -> None:
        super().__init__(name, site)
        self._schedule = None if schedule is None else eventbridge(schedule)

    def read(self) -> State | None:
        """Return its `schedule` and whether it is `ENABLED`."""
        rule = self.find("describe_rule", _GONE, Name=self.name)
        if rule is None:
            return None
        tags = self.find("list_tags_for_resource", _GONE, ResourceARN=self.arn)
        if tags is None:
            return None
        return {
            "tags": tag_map(tags["Tags"]),
            "schedule": rule.get("ScheduleExpression"),
            "state": rule.get("State"),
        }

    def create(self) -> None:
        """Make it."""
        self._put(Tags=self.site.tag_list())

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare the schedule, and whether it is on."""
        compared = [
            ("schedule", state["schedule"], self._schedule),
            ("state", state["state"], "ENABLED"),
        ]
        return [Difference(*each) for each in compared if each[1] != each[2]]

    def update(self, state: State) -> None:
        """Change the schedule."""
        self._put()

    def delete(self, state: State) -> None:
        """Remove it."""
        self.find("delete_rule", _GONE, Name=self.name, patience=_BUSY)

    def detail(self) -> str:
        """Return the schedule."""
        return f"{self._schedule} UTC"

    def _put(self, **more: Any) -> None:
        self.call(
            "put_rule",
            Name=self.name,
            ScheduleExpression=self._schedule,
            State="ENABLED",
            Description=f"Runs {self.site.project}",
            patience=_BUSY,
            **more,
        )


class RuleTarget(AwsResource):
    """What a rule starts.

    Args:
        site: Where it is.
        rule: The rule.
        target: Returns EventBridge's description of it, without its id.
        role: The role that the rule starts it with, if it needs one.
    """

    kind = "Schedule target"
    service: ClassVar[str] = "events"

    def __init__(
        self,
        site: Site,
        rule: Rule,
        target: Callable[[], dict[str, Any]],
        role: Role | None = None,
    ) -> None:
        super().__init__(rule.name, site, part_of=rule)
        self.rule = rule
        self.role = role
        self._target = target

    def read(self) -> State | None:
        """Return the target."""
        answer = self.find("list_targets_by_rule", _GONE, Rule=self.rule.name)
        for target in [] if answer is None else answer["Targets"]:
            if target["Id"] == TARGET:
                return dict(target)
        return None

    def create(self) -> None:
        """Set it."""
        answer = self.call(
            "put_targets",
            Rule=self.rule.name,
            Targets=[{"Id": TARGET, **self._target()}],
            patience=_BUSY if self.role is None or not self.role.is_fresh else _ROLE,
        )
        self._check(answer, "set up")

    def differences(self, state: State) -> Sequence[Difference]:
        """Compare it, property by property."""
        return [
            Difference(name, _text(state.get(name)), _text(wanted))
            for name, wanted in self._target().items()
            if not _covers(state.get(name), wanted)
        ]

    def update(self, state: State) -> None:
        """Set it anew."""
        self.create()

    def delete(self, state: State) -> None:
        """Remove it."""
        answer = self.find(
            "remove_targets", _GONE, Rule=self.rule.name, Ids=[TARGET], patience=_BUSY
        )
        if answer is not None:
            self._check(answer, "remove")

    def _check(self, answer: dict[str, Any], doing: str) -> None:
        # It answers that all is well, and tells here what is not.
        for entry in answer.get("FailedEntries", []):
            reason = f"{entry.get('ErrorMessage', '')} ({entry.get('ErrorCode')})"
            raise CloudError(str(self), doing, reason.strip())


def _covers(found: Any, wanted: Any) -> bool:
    """Tell whether all that is declared is there: EventBridge adds its defaults."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(_covers(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return sorted(found) == sorted(wanted)
    return bool(found == wanted)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
