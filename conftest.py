"""What every test of the repository shares."""

from __future__ import annotations

from hypothesis import settings

# A machine that has other work is no finding: nothing here is measured by the clock.
settings.register_profile("dotflow", deadline=None)
settings.load_profile("dotflow")
