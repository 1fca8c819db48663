"""The defaults that do nothing."""

from __future__ import annotations

from typing import Any

import pytest

from dotflow import providers


@pytest.mark.parametrize(
    "name", ["NotifyDefault", "SchedulerDefault", "TracerDefault", "MetricsDefault"]
)
def test_a_default_is_inactive(name: str) -> None:
    """The engine can see that there is nothing to call."""
    assert getattr(providers, name)().active is False


def test_the_default_scheduler_runs_nothing() -> None:
    """Without a scheduler `schedule()` returns and nothing has run."""
    ran: list[Any] = []
    providers.SchedulerDefault().start(lambda **kw: ran.append(kw), mode="sequential")
    assert ran == []
