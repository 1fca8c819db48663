"""Random groups in processes against the same idea: each group is a chain of its own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dotflow import DotFlow, action

TASKS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=7)


def chain_ends(failures, keep_going):
    """Say how the tasks of one group end."""
    ends = []
    for fails in failures:
        stopped = not keep_going and "Failed" in ends
        ends.append("Not started" if stopped else "Failed" if fails else "Completed")
    return ends


@settings(max_examples=25)
@given(TASKS, st.booleans())
def test_groups_end_as_chains_of_their_own(tasks, keep_going):
    """In `sequential_group` each group ends as it would alone, and chains alone."""

    @action
    def step(initial_context, previous_context):
        place, fails = initial_context.storage
        if fails:
            raise ValueError(place)
        return [*(previous_context.storage or []), place]

    workflow = DotFlow()
    for place, (group, fails) in enumerate(tasks):
        workflow.task.add(step, initial_context=(place, fails), group_name=group)
    workflow.start(mode="sequential_group", keep_going=keep_going)

    found = workflow.result_task()
    for group in "abc":
        places = [place for place, task in enumerate(tasks) if task[0] == group]
        ends = chain_ends([tasks[place][1] for place in places], keep_going)
        assert [found[place].status for place in places] == ends
        seen = []
        for place, end in zip(places, ends, strict=True):
            seen = [*seen, place] if end == "Completed" else []
            expected = seen if end == "Completed" else None
            assert found[place].current_context.storage == expected
