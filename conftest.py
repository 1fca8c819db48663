"""How many tests run at once."""

from __future__ import annotations

import os

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return three workers for two cores: many tests wait for processes and servers."""
    return ((os.cpu_count() or 1) * 3 + 1) // 2
