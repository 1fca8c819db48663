"""Defects of dotflow 1.0.1 about objects, classes and groups, by number: none left."""

from __future__ import annotations

import pytest
from plain_steps import fail, one

from dotflow import DotFlow, action


def start(*steps, **options):
    workflow = DotFlow()
    workflow.task.add(list(steps))
    workflow.start(**options)
    return workflow


@pytest.mark.parametrize("mode", ["sequential", "background"])
def test_defect_15_properties_of_returned_objects_are_not_evaluated(mode):
    """Nothing of a returned object is looked at, so no property runs or raises."""
    evaluated = []

    class Lazy:
        @property
        def expensive(self):
            evaluated.append(1)
            raise RuntimeError("not now")

        def __getattribute__(self, name):
            evaluated.append(name)
            return super().__getattribute__(name)

        def __dir__(self):
            evaluated.append("dir")
            return []

    workflow = DotFlow()
    workflow.task.add(action(Lazy)).add(action(lambda previous_context: "next"))
    workflow.start(mode=mode).wait()
    assert [task.status for task in workflow.result_task()] == ["Completed"] * 2
    assert set(evaluated) <= {"__class__"}  # which is how `isinstance` asks


def test_defect_15_reports_show_no_address():
    """A report of an object that JSON cannot hold says the same in every process."""

    class Plain:
        pass

    texts = [start(action(Plain)).result()["tasks"][0]["current_context"] for _ in "ab"]
    assert texts[0] == texts[1]
    assert "0x" not in texts[0]


class Base:
    @action
    def first(self):
        return ["first"]

    @action
    def second(self, previous_context):
        return [*previous_context.storage, "second"]


class Child(Base):
    @action
    def third(self, previous_context):
        return [*previous_context.storage, "third"]


class Overriding(Child):
    @action
    def first(self):
        return ["first of its own"]


class Silencing(Base):
    second = None


def values(workflow):
    return workflow.result_storage()[0][-1].storage


def test_defect_16_inherited_methods_run():
    """`@action` methods of a base class run, before those of the class itself."""
    assert values(start(action(Child))) == ["first", "second", "third"]


def test_defect_16_an_overridden_method_runs_in_its_place():
    """An overridden method runs once, where the base had it."""
    expected = ["first of its own", "second", "third"]
    assert values(start(action(Overriding))) == expected


def test_defect_16_an_inherited_method_can_be_removed():
    """A method that a class overrides with something else does not run."""
    assert values(start(action(Silencing))) == ["first"]


def test_defect_16_methods_keep_their_own_retry():
    """`retry` of a method repeats that method alone."""
    calls = []

    class Steps:
        @action
        def before(self):
            calls.append("before")

        @action(retry=3, retry_delay=0)
        def flaky(self):
            calls.append("flaky")
            if calls.count("flaky") < 3:
                raise ValueError("again")
            return "done"

    assert values(start(action(Steps))) == "done"
    assert calls == ["before", "flaky", "flaky", "flaky"]


def test_defect_16_a_methods_retry_is_bounded():
    """A method that keeps failing fails the task with its error."""
    calls = []

    class Steps:
        @action(retry=2, retry_delay=0)
        def flaky(self):
            calls.append(1)
            raise ValueError("always")

    task = start(action(Steps)).result_task()[0]
    assert (task.status, task.errors[0].message) == ("Failed", "always")
    assert len(calls) == 2


def test_defect_16_methods_keep_their_own_timeout():
    """`timeout` of a method stops that method."""

    class Steps:
        @action(timeout=0.05)
        def endless(self):
            while True:
                pass

    task = start(action(Steps)).result_task()[0]
    assert (task.status, task.outcome) == ("Failed", "Timeout")
    assert "endless" in task.errors[0].message


def test_defect_16_a_class_without_source_runs_all_its_methods():
    """A class made by `exec` runs every method, in the order of its definition."""
    namespace = {"action": action}
    exec(
        "class Made:\n"
        "    @action\n"
        "    def zebra(self):\n"
        "        return ['zebra']\n"
        "    @action\n"
        "    def apple(self, previous_context):\n"
        "        return [*previous_context.storage, 'apple']\n",
        namespace,
    )
    assert values(start(action(namespace["Made"]))) == ["zebra", "apple"]


def groups():
    workflow = DotFlow()
    workflow.task.add([one, fail, one, one], group_name="left")
    workflow.task.add([one, one], group_name="right")
    return workflow


def test_defect_17_tasks_after_a_failed_one_are_not_started():
    """In a group the tasks after a failure are `Not started`, without a made-up error."""
    workflow = groups()
    workflow.start()
    tasks = workflow.result_task()
    assert [task.status for task in tasks] == [
        "Completed",
        "Failed",
        "Not started",
        "Not started",
        "Completed",
        "Completed",
    ]
    assert [task.errors for task in tasks[2:]] == [[]] * 4
    assert [error.message for error in tasks[1].errors] == ["no way"]


@pytest.mark.parametrize("mode", ["sequential_group", "parallel"])
def test_defect_17_times_are_known_in_the_parent(mode):
    """Tasks that ran in a process have their start, end and duration in the parent."""
    workflow = groups()
    workflow.start(mode=mode)
    for task in workflow.result_task():
        if task.status in ("Completed", "Failed"):
            assert task.started_at <= task.finished_at
            assert task.duration >= 0


@pytest.mark.parametrize("mode", ["sequential_group", "parallel"])
def test_defect_17_the_parent_hears_of_every_status_once(config, notify, mode):
    """A notifier in the parent hears of each change, in order, and of none twice."""
    workflow = DotFlow(config=config)
    workflow.task.add(one, group_name="left")
    workflow.task.add(
        action(fail.func, retry=2, retry_delay=0), group_name="right", name="fail"
    )
    workflow.start(mode=mode)
    assert notify.of("one") == ["Not started", "In progress", "Completed"]
    assert notify.of("fail") == ["Not started", "In progress", "Retry", "Failed"]
