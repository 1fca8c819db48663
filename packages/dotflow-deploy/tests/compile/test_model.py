"""Random workflows come to the same on an engine of a platform as in `start()`."""

from __future__ import annotations

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from dotflow_deploy.compile import argo, google_workflows, read_plan
from dotflow_deploy.compile.asl import state_machine

MODES = ("sequential", "threads")


def task(depends_on=None, failures=0, retry=1, final=False):
    return {
        "depends_on": depends_on,
        "failures": failures,
        "retry": retry,
        "final": final,
    }


AFTER_A_SKIPPED_ONE = [task(failures=99), task([0]), task(), task([2])]


@st.composite
def workflows(draw):
    count = draw(st.integers(1, 7))
    edges = draw(st.sampled_from(["explicit", "mixed", "order"]))
    tasks = []
    for place in range(count):
        upstream = None
        if edges == "explicit" or (edges == "mixed" and draw(st.booleans())):
            earlier = st.sets(st.integers(0, max(0, place - 1)), max_size=3)
            upstream = sorted(draw(earlier)) if place else []
        tasks.append(
            task(
                upstream,
                failures=draw(st.sampled_from([0, 0, 0, 0, 1, 2, 99])),
                retry=draw(st.integers(1, 3)),
                final=draw(st.sampled_from([False, False, False, True])),
            )
        )
    return tasks


def no_wait(seconds):
    assert seconds >= 0


def run_asl(there, plan, engine, options):
    machine = state_machine(plan, "runner")
    execution = engine.Execution(
        machine, there.invoke(engine), name="run-1", sleep=no_wait
    )
    try:
        execution.run()
    except engine.StateError:
        return False
    assert execution.largest < 1000, "results do not pass through states"
    return True


def run_google(there, plan, engine, options):
    execution = engine.Execution(
        google_workflows(there.build(), **options),
        there.post(engine),
        env={
            "DOTFLOW_TASK_URL": "http://runner",
            "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": "run-1",
        },
        sleep=no_wait,
    )
    try:
        execution.run()
    except engine.Raised:
        return False
    return True


def run_argo(there, plan, engine, options):
    manifest = argo(there.build(), name="shop", workflow="m:f", image="i", **options)
    execution = engine.Execution(manifest, there.contain, uid="run-1", sleep=no_wait)
    states = execution.run()
    return "Failed" not in states.values()


RUNNERS = {"asl": run_asl, "google": run_google, "argo": run_argo}


@pytest.mark.parametrize("target", RUNNERS)
@settings(max_examples=250, deadline=None)
@given(tasks=workflows(), mode=st.sampled_from(MODES), keep_going=st.booleans())
@example(tasks=AFTER_A_SKIPPED_ONE, mode="sequential", keep_going=True)
def test_engine_comes_to_the_same_as_start(
    target, tasks, mode, keep_going, model, request
):
    """Results, failures and numbers of attempts are those of a run by `start()`."""
    options = {"mode": mode, "keep_going": keep_going}
    here, there = model(tasks), model(tasks)
    completed = here.start(**options)
    plan = read_plan(there.build(), **options)
    engine = request.getfixturevalue(f"{target}_engine")
    assert RUNNERS[target](there, plan, engine, options) is completed

    expected, found = here.values(), there.values()
    event(f"completed: {completed}")
    if completed or keep_going or not plan.explicit:
        assert found == expected
        assert there.attempts == here.attempts
    else:
        # What runs beside a failure depends on what has begun by then.
        for name in found.keys() & expected.keys():
            assert found[name] == expected[name]
            assert there.attempts[name] == here.attempts[name]
        steps = {step.name: step for step in plan.steps}
        names = {step.id: step.name for step in plan.steps}
        for name in there.attempts:
            assert {names[up] for up in steps[name].upstream} <= found.keys()

    before = dict(there.attempts)
    there.start(resume=True, **options)
    steps = plan.by_id()
    # What came after a failed task is made anew, as that is now.
    kept: set[str] = set()
    for step in plan.steps:  # each after those that it waits for
        if step.name in found and kept.issuperset(
            steps[up].name for up in step.upstream
        ):
            kept.add(step.name)
    assert {name: there.attempts[name] for name in kept} == {
        name: before[name] for name in kept
    }, "a resume by start() repeats nothing that is completed"


@pytest.mark.parametrize("target", RUNNERS)
@pytest.mark.parametrize("groups", [2, 13])
def test_groups_do_not_know_of_each_other(target, groups, model, request):
    """Where one group's task fails, that group ends, the others run on, the run fails."""
    tasks = []
    for group in range(groups):
        failures = 99 if group % 2 == 0 else 0
        tasks.append(task(failures=failures) | {"group": f"g{group}"})
        tasks.append(task() | {"group": f"g{group}"})
    there = model(tasks)
    plan = read_plan(there.build())
    engine = request.getfixturevalue(f"{target}_engine")
    assert not RUNNERS[target](there, plan, engine, {})
    good = {f"Task {n}" for n in range(2 * groups) if n // 2 % 2}
    assert there.values().keys() == good
    bad = {f"Task {n}" for n in range(0, 2 * groups, 4)}
    assert there.attempts == dict.fromkeys(good | bad, 1)


@pytest.mark.parametrize("error", ["States.Timeout", "Runtime.ExitError", "TaskFailed"])
def test_call_that_the_platform_ends_is_an_attempt(error, model, asl_engine):
    """A call that hangs or crashes is tried again as often as `retry` says, no more."""
    for lost, completes in ((2, True), (3, False)):
        there = model([task(retry=3)])
        invoke, calls = there.invoke(asl_engine), []

        def unreliable(function, payload, seconds, invoke=invoke, calls=calls, n=lost):
            calls.append(payload["task"])
            if len(calls) <= n:
                raise asl_engine.StateError(error)
            return invoke(function, payload, seconds)

        execution = asl_engine.Execution(
            state_machine(read_plan(there.build()), "runner"),
            unreliable,
            name="run-1",
            sleep=no_wait,
        )
        if completes:
            execution.run()
            assert there.attempts == {"Task 0": 1}
        else:
            with pytest.raises(asl_engine.StateError):
                execution.run()
        assert len(calls) == 3


def test_call_that_is_repeated_after_its_end_does_nothing(model, asl_engine):
    """Where the answer of a call is lost, the next one finds that all is done."""
    there = model([task(retry=2), task()])
    invoke, seen = there.invoke(asl_engine), set()

    def lossy(function, payload, seconds):
        answer = invoke(function, payload, seconds)
        if payload["task"] == "Task 0" and not seen:
            seen.add("Task 0")
            raise asl_engine.StateError("States.Timeout")
        return answer

    machine = state_machine(read_plan(there.build()), "runner")
    asl_engine.Execution(machine, lossy, name="run-1", sleep=no_wait).run()
    assert there.attempts == {"Task 0": 1, "Task 1": 1}
