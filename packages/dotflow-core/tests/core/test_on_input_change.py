"""What a resume does when the initial contexts are not those of the run before."""

from __future__ import annotations

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import InputChangedError


@pytest.fixture
def start(storage):
    """Start the workflow with an input; tell what ran and what came out."""

    def run(value, **options):
        ran = []

        @action
        def double(initial_context):
            ran.append(initial_context.storage)
            return initial_context.storage * 2

        workflow = DotFlow(config=Config(storage=storage), workflow_id="nightly")
        workflow.task.add(double, initial_context=value)
        workflow.start(**options)
        return ran, workflow.result_storage()[0]

    return run


@pytest.mark.parametrize("policy", ["reuse", "reset", "raise"])
def test_the_same_input_is_resumed(start, policy):
    """Under every policy the same input restores the result."""
    start(3)
    assert start(3, resume=True, on_input_change=policy) == ([], 6)


def test_reuse_keeps_the_results(start):
    """`reuse`, the default, restores the results of the old input."""
    start(3)
    assert start(4, resume=True) == ([], 6)
    assert start(4, resume=True, on_input_change="reuse") == ([], 6)


def test_reset_starts_over(start):
    """`reset` forgets the old run and runs with the new input."""
    start(3)
    assert start(4, resume=True, on_input_change="reset") == ([4], 8)
    assert start(4, resume=True, on_input_change="reset") == ([], 8)


def test_raise_refuses(start):
    """`raise` refuses before any task runs, tells the policies, and changes nothing."""
    start(3)
    with pytest.raises(InputChangedError, match=r"'nightly'.*'reuse'.*'reset'"):
        start(4, resume=True, on_input_change="raise")
    assert start(3, resume=True, on_input_change="raise") == ([], 6)


@pytest.mark.parametrize("policy", ["reset", "raise"])
def test_a_start_without_resume_takes_any_input(start, policy):
    """The policies matter to a resume only."""
    start(3)
    assert start(4, on_input_change=policy) == ([4], 8)
    assert start(4, resume=True, on_input_change=policy) == ([], 8)


def test_the_first_run_only_notes_the_input(start):
    """A resume without an earlier run has nothing to compare."""
    assert start(3, resume=True, on_input_change="raise") == ([3], 6)


def test_a_fingerprint_of_ones_own(start):
    """`fingerprint=` stands for the inputs in place of their hash."""
    start(3, fingerprint="v1")
    options = {"resume": True, "on_input_change": "raise"}
    assert start(4, fingerprint="v1", **options) == ([], 6)
    with pytest.raises(InputChangedError):
        start(3, fingerprint="v2", **options)


def test_a_reset_leaves_other_workflows_alone(storage, start):
    """A reset clears its own workflow id, not one that begins alike."""
    other = DotFlow(config=Config(storage=storage), workflow_id="nightly-2")
    other.task.add(action(lambda: "kept"), name="double")
    other.start()
    start(3)
    start(4, resume=True, on_input_change="reset")
    other.task.clear()
    other.task.add(action(lambda: "ran again"), name="double")
    other.start(resume=True)
    assert other.result_storage() == ["kept"]


def test_a_kept_result_stays_tied_to_its_input(start):
    """A resume that keeps a result does not make it one of the new input."""
    start(3)
    start(4, resume=True)
    with pytest.raises(InputChangedError):
        start(4, resume=True, on_input_change="raise")
    assert start(3, resume=True, on_input_change="raise") == ([], 6)
    assert start(4, resume=True, on_input_change="reset") == ([4], 8)
    assert start(4, resume=True, on_input_change="raise") == ([], 8)


def test_results_of_two_inputs_beside_each_other(storage):
    """Each is tied to its own: none of the two is accepted for all, and reset mends it."""

    def run(value, *fails, **options):
        @action
        def first(initial_context):
            return initial_context.storage

        @action
        def second(previous_context, initial_context):
            if fails:
                raise ValueError
            return previous_context.storage, initial_context.storage

        flow = DotFlow(Config(storage=storage), workflow_id="nightly")
        flow.task.add([first, second], initial_context=value)
        flow.start(**options)
        return flow.result_storage()

    run("old", "second")
    assert run("new", resume=True) == ["old", ("old", "new")]
    for value in ("old", "new"):
        with pytest.raises(InputChangedError):
            run(value, resume=True, on_input_change="raise")
    reset = {"resume": True, "on_input_change": "reset"}
    assert run("new", **reset) == ["new", ("new", "new")]
