"""Settings of all tests: no verdict depends on how busy the machine is."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

with suppress(ImportError):
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "patient",
        parent=settings(),  # in CI hypothesis has one of its own, without chance
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("patient")


@pytest.hookimpl(optionalhook=True)  # the tests also run without pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """Two workers a processor: most of the tests wait, for processes or for servers."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to the soak what of `sampled` tests are more points of the same kind."""
    points: dict[str, list[pytest.Function]] = {}
    for item in items:
        if not isinstance(item, pytest.Function) or item.get_closest_marker("soak"):
            continue
        if hasattr(item, "callspec") and item.get_closest_marker("sampled"):
            points.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for found in points.values():
        places = _places(found)
        marker = found[0].get_closest_marker("sampled")
        most = marker.args[0] if marker and marker.args else max(map(max, places)) + 1
        order = sorted(range(len(found)), key=lambda at: _from_diagonal(places, at))
        for at in order[most:]:
            found[at].add_marker("soak")


def _places(points: list[pytest.Function]) -> list[list[int]]:
    """Return which value of each of its parameters every point has, from 0."""
    values: dict[str, dict[int, int]] = {}
    for point in points:
        for name, value in point.callspec.params.items():
            known = values.setdefault(name, {})
            known.setdefault(id(value), len(known))
    names = sorted(values, key=lambda name: -len(values[name]))
    return [[values[n][id(p.callspec.params[n])] for n in names] for p in points]


def _from_diagonal(places: list[list[int]], at: int) -> tuple[int, ...]:
    """Return how far a point is from the diagonal, which meets each value soonest.

    On it the first parameter, that with the most values, runs once through them, and the
    others again and again.
    """
    first, *others = places[at]
    sizes = [1 + max(column) for column in zip(*places, strict=True)][1:]
    apart = sum((o - first) % n for o, n in zip(others, sizes, strict=True))
    return (apart, *places[at])
