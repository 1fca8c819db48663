"""Resume after the graph was edited: what a result was made from decides if it holds."""

from __future__ import annotations

import logging

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import InputChangedError

CHAINED = ["sequential", "background", "sequential_group"]


@pytest.fixture
def flow(storage):
    """Return what makes a workflow of steps `name=(function, options)`, noting runs."""

    class Made:
        def __init__(self):
            self.ran = []

        def __call__(self, *parts, fails=(), **given):
            self.ran.clear()
            made = DotFlow(Config(storage=storage), workflow_id="shop")
            for name, function, *options in parts:
                made.task.add(
                    self.step(name, function, name in fails),
                    name=name,
                    **(options[0] if options else {}),
                    **given,
                )
            return made

        def step(self, name, function, fails):
            @action
            def step(previous_context):
                self.ran.append(name)
                if fails:
                    raise ValueError(name)
                return function(previous_context.storage)

            return step

    return Made()


def one(_):
    return 1


def hundred(value):
    return (value or 0) + 100


def double(value):
    return (value or 0) * 2


def results(workflow, **options):
    workflow.start(**options).wait()
    return workflow.result_storage()


@pytest.mark.parametrize("mode", CHAINED)
def test_what_follows_a_task_that_was_put_in_runs_again(flow, mode):
    """A task put into a chain runs, and all behind it again, with what it returned."""
    flow(("one", one), ("double", double), ("end", double), fails=["end"]).start()
    edited = flow(("one", one), ("more", hundred), ("double", double), ("end", double))
    assert results(edited, resume=True, mode=mode) == [1, 101, 202, 404]
    # A group has a process of its own, which notes nothing here.
    assert flow.ran == ([] if mode == "sequential_group" else ["more", "double", "end"])


def test_what_followed_a_task_that_was_taken_out_runs_again(flow):
    """Behind a task that is gone everything runs again; before it nothing does."""
    flow(("one", one), ("more", hundred), ("double", double)).start()
    assert results(flow(("one", one), ("double", double)), resume=True) == [1, 2]
    assert flow.ran == ["double"]


def test_other_edges_run_again(flow):
    """A task that depends on another one than before runs again, and what follows it."""
    parts = [("a", one), ("b", hundred, {"depends_on": []})]
    flow(*parts, ("c", double, {"depends_on": "a"}), ("d", double)).start()
    edited = flow(*parts, ("c", double, {"depends_on": "b"}), ("d", double))
    assert results(edited, resume=True) == [1, 100, 200, 400]
    assert flow.ran == ["c", "d"]


def test_a_task_at_the_end_changes_nothing_before_it(flow):
    """What is added last runs alone."""
    flow(("one", one), ("double", double)).start()
    edited = flow(("one", one), ("double", double), ("end", hundred))
    assert results(edited, resume=True, on_input_change="raise") == [1, 2, 102]
    assert flow.ran == ["end"]


def test_edits_that_are_taken_back_need_nothing(flow):
    """A result stands as long as nothing took its place: an edit may be undone."""
    flow(("one", one), ("double", double)).start()
    edited = flow(("one", one), ("more", hundred), ("double", double), fails=["more"])
    edited.start(resume=True)
    assert results(flow(("one", one), ("double", double)), resume=True) == [1, 2]
    assert flow.ran == []


def test_what_follows_a_deleted_checkpoint_runs_again(flow, storage):
    """A result that has to be made again takes with it all that was made from it."""
    parts = (("one", one), ("double", double), ("end", hundred))
    first = flow(*parts)
    first.start()
    storage.delete(storage.key(first.task["double"]))
    assert results(flow(*parts), resume=True) == [1, 2, 102]
    assert flow.ran == ["double", "end"]


def test_what_ran_after_a_failure_runs_again_once_that_is_mended(flow):
    """With `keep_going` a task saw no result upstream: it runs again when there is one."""
    parts = (("one", one), ("double", double), ("end", double))
    assert results(flow(*parts, fails=["one"]), keep_going=True) == [None, 0, 0]
    again = flow(*parts, fails=["one"])
    assert results(again, resume=True, keep_going=True) == [None, 0, 0]
    assert flow.ran == ["one"]
    assert results(flow(*parts), resume=True) == [1, 2, 4]
    assert flow.ran == ["one", "double", "end"]


def test_it_is_told_in_one_line(flow, caplog):
    """One line names the first task that runs again, for all that follow it."""
    flow(("one", one), ("double", double), ("end", double)).start()
    edited = flow(("one", one), ("more", hundred), ("double", double), ("end", double))
    with caplog.at_level(logging.WARNING):
        edited.start(resume=True)
    told = [line for line in caplog.messages if "runs again" in line]
    assert len(told) == 1
    assert "'double'" in told[0]


def test_an_edited_graph_is_refused_by_raise(flow):
    """Under `raise` nothing runs, and the message names the first task it is about."""
    flow(("one", one), ("double", double)).start()
    edited = flow(("one", one), ("more", hundred), ("double", double))
    with pytest.raises(InputChangedError, match=r"'double'.*'reuse'"):
        edited.start(resume=True, on_input_change="raise")
    assert flow.ran == []
    same = flow(("one", one), ("double", double))
    assert results(same, resume=True, on_input_change="raise") == [1, 2]


def test_a_mode_is_no_edit(flow):
    """What was completed in one mode is kept in another, and what runs again is not."""
    parts = (("one", one), ("double", double))
    flow(*parts).start()
    strict = {"resume": True, "on_input_change": "raise"}
    assert results(flow(*parts), mode="threads", **strict) == [1, 2]
    assert results(flow(*parts), **strict) == [1, 2]
    assert flow.ran == []


class Repeated:
    """Workflows of one step, added under the names that it gets by itself."""

    def __init__(self, storage, mode):
        self.storage, self.mode, self.ran = storage, mode, []

    def contexts(self, *values, fails=()):
        @action
        def read(initial_context):
            self.ran.append(initial_context.storage)
            if initial_context.storage in fails:
                raise ValueError
            return initial_context.storage

        return self.start([(read, value) for value in values])

    def closures(self, *numbers):
        def times(number):
            @action
            def step():
                self.ran.append(number)
                return number * 2

            return step

        return self.start([(times(number), None) for number in numbers])

    def start(self, tasks):
        self.ran.clear()
        flow = DotFlow(Config(storage=self.storage), workflow_id="shop")
        for step, value in tasks:
            flow.task.add(step, initial_context=value)
        return results(flow, mode=self.mode, resume=True)


@pytest.fixture(params=["sequential", "threads", "async"])
def repeated(request, storage):
    return Repeated(storage, request.param)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("xy", "nxy"),
        ("xyz", "yz"),
        ("xy", "yx"),
        ("xyz", "yzw"),
        ("xy", "x"),
        ("xy", "y"),
        ("y", "xy"),
        ("xxy", "xy"),
    ],
)
@pytest.mark.sampled
def test_a_repeated_step_in_another_place(repeated, before, after):
    """A task known by its number alone never gets the result of one that had it before."""
    repeated.contexts(*before)
    assert repeated.contexts(*after) == list(after)


def test_a_repeated_step_whose_neighbour_had_failed(repeated):
    """The one that failed left no result: what moved up into a number is told all the same."""
    repeated.contexts("x", "y", fails="y")
    assert repeated.contexts("y") == ["y"]


def test_a_repeated_step_in_its_place_is_kept(repeated):
    """The same step after the same ones with the same context does not run again."""
    repeated.contexts("x", "y", "z", fails="z")
    assert repeated.contexts("x", "y", "z") == ["x", "y", "z"]
    assert repeated.ran == ["z"]


def test_other_inputs_of_repeated_steps_are_reused(repeated):
    """Where each has another context than any had before, that is another input."""
    repeated.contexts("x", "y")
    assert repeated.contexts("v", "w") == ["x", "y"]
    assert repeated.ran == []


@pytest.mark.parametrize(
    ("before", "after"), [((2, 3), (5, 2, 3)), ((2, 3), (3, 2)), ((2, 3, 4), (3, 4))]
)
def test_steps_of_one_name_in_another_place(repeated, before, after):
    """Functions that share a name are told apart by what they enclose."""
    repeated.closures(*before)
    assert repeated.closures(*after) == [2 * number for number in after]


def test_a_map_over_other_items_runs_again(storage):
    """Items belong to what they are the items of: others are not taken for them."""

    @action
    def first():
        return [1, 2, 3]

    @action
    def second():
        return [10, 20, 30]

    def each(fails):
        @action
        def each(item, index):
            if index == fails:
                raise ValueError
            return item + 1

        return each

    def flow(over, fails=None):
        made = DotFlow(Config(storage=storage), workflow_id="shop")
        made.task.add([first, second], depends_on=[])
        made.task.add(each(fails), map_over=over)
        return made

    flow("first", fails=2).start()
    assert results(flow("second"), resume=True)[2] == [11, 21, 31]
    assert results(flow("first"), resume=True)[2] == [2, 3, 4]


@pytest.mark.parametrize("mapped", [False, True])
def test_a_sub_workflow_that_was_edited(storage, mapped):
    """Inside a sub-workflow, too, what follows an edit runs again; so does its whole."""

    @action
    def items():
        return [1, 2]

    @action
    def start(initial_context, previous_context):
        value = initial_context.storage if mapped else previous_context.storage[0]
        return value or 0

    @action
    def more(previous_context):
        return previous_context.storage + 100

    @action
    def double(previous_context):
        return previous_context.storage * 2

    def flow(*steps):
        inner = DotFlow()
        inner.task.add(list(steps))
        made = DotFlow(Config(storage=storage), workflow_id="shop")
        made.task.add(items)
        made.task.add(inner, name="inner", **({"map_over": items} if mapped else {}))
        return made

    flow(start, double).start()
    values = results(flow(start, more, double), resume=True)
    assert values[-1] == ([202, 204] if mapped else 202)
    values = results(flow(start, double), resume=True)
    assert values[-1] == ([2, 4] if mapped else 2)


class Shop:
    """A class-based step."""

    def __init__(self):
        self.rows = []

    @action
    def load(self, previous_context):
        self.rows.append(previous_context.storage)
        return self.rows


def test_a_class_based_step_behind_a_task_that_was_put_in(storage):
    """Its methods run again with what they now follow."""
    step = action(Shop)

    def flow(*steps):
        made = DotFlow(Config(storage=storage), workflow_id="shop")
        made.task.add([*steps, step])
        return made

    first, more = action(lambda: 1), action(lambda: 2)
    flow(first).start()
    again = results(flow(first, more), resume=True)
    assert again[-1][0].storage == [2]
