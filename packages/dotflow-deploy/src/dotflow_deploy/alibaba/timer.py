"""Timer triggers: call a function when it is due."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from alibabacloud_fc20230330 import models

from dotflow_deploy.schedule import fc_timer
from dotflow_deploy.stack import Difference, Resource, State

if TYPE_CHECKING:
    from dotflow_deploy.alibaba.compute import Compute
    from dotflow_deploy.alibaba.function import Function


class Timer(Resource):
    """A schedule that calls a function.

    Args:
        compute: The API.
        function: The function; it owns the timer.
        schedule: When, five fields in UTC. None: it is not known, since nothing is to
            be deployed.

    Raises:
        InvalidProject: The schedule is none.
        ScheduleNotExpressible: A timer cannot say it.
    """

    kind = "Timer trigger"

    def __init__(
        self, compute: Compute, function: Function, schedule: str | None
    ) -> None:
        super().__init__(f"{function.name}-timer", part_of=function)
        self.compute = compute
        self.function = function
        self.cron = "" if schedule is None else fc_timer(schedule)

    def read(self) -> State | None:
        """Return when it is due, and whether it is on."""
        found = self.compute.ask(
            self,
            "read",
            "fc:GetTrigger",
            lambda: self.compute.client.get_trigger(self.function.name, self.name).body,
        )
        if found is None:
            return None
        told = json.loads(found.trigger_config or "{}")
        return {"schedule": told.get("cronExpression"), "on": told.get("enable", False)}

    def create(self) -> None:
        """Make it."""
        body = models.CreateTriggerInput(
            trigger_name=self.name,
            trigger_type="timer",
            trigger_config=self._config(),
            qualifier="LATEST",
        )
        request = models.CreateTriggerRequest(body=body)
        self.compute.ask(
            self,
            "create",
            "fc:CreateTrigger",
            lambda: self.compute.client.create_trigger(self.function.name, request),
        )

    def differences(self, state: State) -> Sequence[Difference]:
        """Return what is not as declared."""
        found = []
        if state["schedule"] != self.cron:
            found.append(Difference("schedule", state["schedule"], self.cron))
        if not state["on"]:
            found.append(Difference("on", "no", "yes"))
        return found

    def update(self, state: State) -> None:
        """Change it."""
        body = models.UpdateTriggerInput(trigger_config=self._config())
        request = models.UpdateTriggerRequest(body=body)
        name = self.function.name
        self.compute.ask(
            self,
            "change",
            "fc:UpdateTrigger",
            lambda: self.compute.client.update_trigger(name, self.name, request),
        )

    def delete(self, state: State) -> None:
        """Remove it."""
        name = self.function.name
        self.compute.ask(
            self,
            "remove",
            "fc:DeleteTrigger",
            lambda: self.compute.client.delete_trigger(name, self.name),
        )

    def detail(self) -> str:
        """Return when it is due."""
        return self.cron

    def _config(self) -> str:
        told = {"cronExpression": self.cron, "enable": True, "payload": "{}"}
        return json.dumps(told)
