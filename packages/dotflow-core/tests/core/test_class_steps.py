"""Class-based steps: a class, or an object that a step returns."""

from __future__ import annotations

import pytest

from dotflow import Context, DotFlow, action


class ETL:
    @action
    def zebra(self):
        return {"raw": [1, 2, 3]}

    @action
    def apple(self, previous_context):
        return [x * 2 for x in previous_context.storage["raw"]]

    def plain(self):
        raise NotImplementedError

    @action
    def mango(self, previous_context):
        return sum(previous_context.storage)


def start(step, **add):
    workflow = DotFlow()
    workflow.task.add(step, **add)
    workflow.start()
    return workflow


def values(workflow):
    return [context.storage for context in workflow.result_storage()[0]]


@pytest.mark.parametrize("step", [action(ETL), action(lambda: ETL())])
def test_methods_run_in_source_order(step):
    """`@action` methods run in the order of the source, each with the last one's result."""
    workflow = start(step)
    assert values(workflow) == [{"raw": [1, 2, 3]}, [2, 4, 6], 12]


def test_the_result_is_a_list_of_contexts():
    """A class-based step leaves one `Context` a method, each with an id of its own."""
    contexts = start(action(ETL)).result_storage()[0]
    assert all(isinstance(context, Context) for context in contexts)
    assert len({context.task_id for context in contexts}) == 3


def test_a_class_decorated_directly():
    """`@action` above a class makes a step of it."""

    @action
    class Greeting:
        @action
        def hello(self):
            return "hello"

    assert values(start(Greeting)) == ["hello"]


def test_the_constructor_takes_contexts():
    """`__init__` receives the contexts that it names."""

    class Scale:
        def __init__(self, initial_context):
            self.factor = initial_context.storage

        @action
        def apply(self):
            return 2 * self.factor

    assert values(start(action(Scale), initial_context=5)) == [10]


def test_methods_take_the_initial_context():
    """A method receives `initial_context` too, and the first one what came before."""

    class Show:
        @action
        def first(self, initial_context, previous_context):
            return (initial_context.storage, previous_context.storage)

    workflow = DotFlow()
    workflow.task.add(action(lambda: "before"))
    workflow.task.add(action(Show), initial_context="initial")
    workflow.start()
    contexts = workflow.result_storage()[1]
    assert contexts[0].storage == ("initial", "before")


def test_state_is_shared_between_methods():
    """All methods run on the same object."""

    class Counter:
        def __init__(self):
            self.count = 0

        @action
        def one(self):
            self.count += 1

        @action
        def two(self):
            self.count += 1
            return self.count

    assert values(start(action(Counter))) == [None, 2]


def test_static_and_class_methods():
    """`@action` above `@staticmethod` and `@classmethod` works."""

    class Kinds:
        @action
        @staticmethod
        def static():
            return "static"

        @action
        @classmethod
        def cls_method(cls):
            return cls.__name__

    assert values(start(action(Kinds))) == ["static", "Kinds"]
    assert (Kinds().static(), Kinds().cls_method()) == ("static", "Kinds")


def test_a_class_without_actions_is_an_object():
    """An object without `@action` methods is itself the result."""

    class Plain:
        pass

    result = start(action(Plain)).result_storage()[0]
    assert isinstance(result, Plain)


def test_a_method_that_fails_names_itself():
    """An error in a method fails the task; the traceback shows the method's line."""
    ran = []

    class Broken:
        @action
        def first(self):
            ran.append("first")
            raise ValueError("broken here")

        @action
        def second(self):
            ran.append("second")

    task = start(action(Broken)).result_task()[0]
    assert task.status == "Failed"
    assert task.errors[0].message == "broken here"
    assert "in first" in task.errors[0].traceback
    assert ran == ["first"]


def test_the_class_level_retry_repeats_the_class():
    """`retry` of the class makes a new object and runs all its methods again."""
    made = []

    @action(retry=2, retry_delay=0)
    class Fragile:
        def __init__(self):
            made.append(self)

        @action
        def run(self):
            if len(made) == 1:
                raise ValueError
            return len(made)

    assert values(start(Fragile)) == [2]


def test_methods_can_be_called_directly():
    """On an object of one's own the methods are plain methods."""
    etl = ETL()
    assert etl.apple(Context(etl.zebra())) == [2, 4, 6]
    assert (ETL.apple.retry, etl.apple.retry) == (1, 1)


@pytest.mark.parametrize("mode", ["background", "parallel", "sequential_group"])
def test_class_steps_in_every_mode(mode):
    """A class-based step gives the same in every mode."""
    workflow = DotFlow()
    workflow.task.add(action(ETL))
    workflow.start(mode=mode).wait()
    assert values(workflow)[-1] == 12
