"""The contract of every notifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dotflow.testing import NotifyContract
from dotflow.testing.fault_contract import TellingFaultContract
from dotflow_telegram import NotifyTelegram

if TYPE_CHECKING:
    from dotflow.abc.notify import Notify
    from dotflow.testing.faults import FaultyURL

TOKEN = "123456:token-that_nobody-may-see"


class TestTelegramContract(NotifyContract):
    picklable = True
    secrets = (TOKEN,)

    made: ClassVar[list[NotifyTelegram]] = []

    def teardown_method(self) -> None:
        # What is left would be warned about in the middle of another test.
        while self.made:
            self.made.pop().close(0)

    def make_notify(self) -> Notify:
        # Nobody listens at the port 9 of this machine.
        url = "http://127.0.0.1:9"
        notify = NotifyTelegram(
            TOKEN, 42, show_result=True, retry_for=0.1, base_url=url
        )
        self.made.append(notify)
        return notify


class TestTelegramFaults(TellingFaultContract):
    family = "notify"
    secrets = (TOKEN,)

    def make_provider(self, url: FaultyURL) -> Notify:
        return NotifyTelegram(TOKEN, 42, timeout=0.2, retry_for=0.3, base_url=str(url))
