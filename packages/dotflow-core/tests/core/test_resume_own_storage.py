"""Resume with a storage that a user wrote as the guide to custom providers says."""

from __future__ import annotations

import json

import pytest

from dotflow import Config, Context, DotFlow, action
from dotflow.abc.storage import Storage
from dotflow.errors import InputChangedError


class StorageOwn(Storage):
    """The guide's example, with a dictionary where it has a Redis client."""

    def __init__(self, data):
        self.data = data

    def post(self, key, context):
        self.data[key] = json.dumps(context.storage)

    def get(self, key):
        data = self.data.get(key)
        return Context(storage=json.loads(data) if data else None)

    def key(self, task):
        return f"{task.workflow_id}:{task.task_id}"


class Steps:
    """Three steps, the second of which fails until it is mended."""

    def __init__(self):
        self.ran = []
        self.value, self.mended = 1, False

    def a(self):
        self.ran.append("a")
        return self.value

    def b(self, previous_context):
        self.ran.append("b")
        if not self.mended:
            raise ValueError("not yet")
        return previous_context.storage + 1

    def c(self, previous_context):
        self.ran.append("c")
        return previous_context.storage + 1

    def start(self, data, **options):
        self.ran = []
        config = Config(storage=StorageOwn(data))
        workflow = DotFlow(config=config, workflow_id="nightly")
        workflow.task.add([action(self.a), action(self.b), action(self.c)])
        workflow.start(**options)
        return workflow

    def resume(self, data, results):
        """Go on after the first step, and come to these results."""
        self.mended = True
        assert self.start(data, resume=True).result_storage() == results
        assert self.ran == ["b", "c"]


@pytest.fixture
def steps():
    return Steps()


def test_it_keeps_what_tasks_return(steps):
    """Each result is posted under the key that the storage makes of the task."""
    data = {}
    steps.mended = True
    workflow = steps.start(data)
    for task, value in zip(workflow.result_task(), (1, 2, 3), strict=True):
        assert data[f"nightly:{task.task_id}"] == json.dumps(value)


def test_it_resumes(steps):
    """A key of `task.task_id` is enough to resume, since the id is stable."""
    data = {}
    steps.start(data)
    steps.resume(data, [1, 2, 3])


def test_it_starts_over(steps):
    """Without `resume` everything runs, and is resumed by the newer values."""
    data = {}
    steps.start(data)
    steps.value = 10
    steps.start(data)
    assert steps.ran == ["a", "b"]
    steps.resume(data, [10, 11, 12])


def test_a_fresh_start_leaves_no_old_checkpoint_to_resume(steps):
    """After a new run failed, its resume takes nothing from the complete one before."""
    data = {}
    steps.mended = True
    steps.start(data)
    steps.value, steps.mended = 10, False
    steps.start(data)
    steps.resume(data, [10, 11, 12])


def test_it_can_be_scheduled_with_resume(steps):
    """`schedule(resume=True)` reads with it whether the last run was complete."""
    from dotflow.abc.scheduler import Scheduler

    values = []

    class ThreeTimes(Scheduler):
        def start(self, workflow, **kwargs):
            for mended in (False, True, True):
                steps.mended, steps.ran = mended, []
                workflow(**kwargs)
                values.append(steps.ran)

        def stop(self):
            raise NotImplementedError

    config = Config(storage=StorageOwn({}), scheduler=ThreeTimes())
    workflow = DotFlow(config=config, workflow_id="nightly")
    workflow.task.add([action(steps.a), action(steps.b), action(steps.c)])
    workflow.schedule(resume=True)
    assert values == [["a", "b"], ["b", "c"], ["a", "b", "c"]]


def test_a_reset_needs_more_of_it_and_says_so(steps):
    """`on_input_change="reset"` asks for `list_keys`, with a message that names it."""
    data = {}
    steps.start(data, fingerprint="one")
    with pytest.raises(NotImplementedError, match="StorageOwn has no list_keys"):
        steps.start(data, resume=True, fingerprint="two", on_input_change="reset")
    assert steps.ran == []


def test_what_a_resume_kept_is_tied_to_its_input(steps):
    """A storage of bare values cannot tell what each came from; the run's record can."""
    data = {}
    steps.mended = True
    steps.start(data, fingerprint="a")
    steps.start(data, resume=True, fingerprint="b")
    strict = {"resume": True, "on_input_change": "raise"}
    with pytest.raises(InputChangedError):
        steps.start(data, fingerprint="b", **strict)
    assert steps.start(data, fingerprint="a", **strict).result_storage() == [1, 2, 3]


def test_results_of_two_inputs_are_refused(steps):
    """Once results of both may be there, none of the two is accepted for all of them."""
    data = {}
    steps.start(data, fingerprint="a")
    steps.mended = True
    steps.start(data, resume=True, fingerprint="b")
    for value in "ab":
        with pytest.raises(InputChangedError):
            steps.start(data, resume=True, on_input_change="raise", fingerprint=value)
