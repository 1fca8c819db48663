"""Settings of all tests: no verdict depends on how busy the machine is."""

from __future__ import annotations

from contextlib import suppress

with suppress(ImportError):
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "patient",
        parent=settings(),  # in CI hypothesis has one of its own, without chance
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("patient")
