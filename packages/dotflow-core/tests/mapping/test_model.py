"""Random failures of items against a model of what the map comes to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dotflow import Config, DotFlow, action
from dotflow.abc.log import Log
from dotflow.providers import StorageDefault

ATTEMPTS = 3
# How many attempts of each item fail; with ATTEMPTS it fails for good.
FAILURES = st.lists(st.sampled_from([0, 0, 0, 1, 2, ATTEMPTS]), max_size=12)
MODES = st.sampled_from(["sequential", "threads", "async"])


class Silent(Log):
    active = False

    def info(self, **kwargs):
        raise NotImplementedError

    error = warning = info


@given(FAILURES, MODES, st.integers(1, 4), st.booleans())
def test_a_map_comes_to_what_its_items_come_to(failures, mode, slots, keep_going):
    """Each item runs as often as its failures ask, and is in its place in the end."""
    left = list(failures)
    ran = [0] * len(failures)

    @action(retry=ATTEMPTS, retry_delay=0)
    def step(item):
        ran[item] += 1
        if left[item]:
            left[item] -= 1
            raise ValueError
        return item

    workflow = DotFlow(Config(log=Silent(), storage=StorageDefault()), workflow_id="w")
    workflow.task.add(action(lambda: range(len(failures))), name="numbers")
    workflow.task.add(step, map_over="numbers")
    workflow.start(mode=mode, max_parallel=slots, keep_going=keep_going)
    task = workflow.task["step"]
    bad = {item for item, count in enumerate(failures) if count == ATTEMPTS}
    wanted = [min(count + 1, ATTEMPTS) for count in failures]
    assert task.status == ("Failed" if bad else "Completed")
    if not bad or keep_going:
        assert ran == wanted
        assert task.current_context.storage == [
            None if item in bad else item for item in range(len(failures))
        ]
        assert task.mapped.failed == len(bad)
    # What has begun has all its attempts; what has not begun has none.
    assert all(count in (0, wanted[item]) for item, count in enumerate(ran))
    assert task.retry_count == sum(max(count - 1, 0) for count in ran)

    before = list(ran)
    left[:] = [0] * len(left)
    workflow.start(mode=mode, max_parallel=slots, resume=True)
    assert task.current_context.storage == list(range(len(failures)))
    again = [now - then for now, then in zip(ran, before, strict=True)]
    for item, count in enumerate(again):
        missing = item in bad or before[item] == 0
        assert count == (1 if missing and bad else 0)
