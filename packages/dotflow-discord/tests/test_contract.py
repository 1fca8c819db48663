"""The contract of every notifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dotflow.testing import NotifyContract
from dotflow.testing.fault_contract import TellingFaultContract
from dotflow_discord import NotifyDiscord

if TYPE_CHECKING:
    from dotflow.abc.notify import Notify
    from dotflow.testing.faults import FaultyURL

SECRET = "webhook-token_that-nobody-may-see"


class TestDiscordContract(NotifyContract):
    picklable = True
    secrets = (SECRET,)

    made: ClassVar[list[NotifyDiscord]] = []

    def teardown_method(self) -> None:
        # What is left would be warned about in the middle of another test.
        while self.made:
            self.made.pop().close(0)

    def make_notify(self) -> Notify:
        # Nobody listens at the port 9 of this machine.
        url = f"http://127.0.0.1:9/api/webhooks/1/{SECRET}"
        self.made.append(NotifyDiscord(url, show_result=True, retry_for=0.1))
        return self.made[-1]


class TestDiscordFaults(TellingFaultContract):
    family = "notify"
    secrets = (SECRET,)

    def make_provider(self, url: FaultyURL) -> Notify:
        return NotifyDiscord(
            f"{url}/api/webhooks/1/{SECRET}", timeout=0.2, retry_for=0.3
        )
