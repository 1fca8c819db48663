"""Steps of every shape that a callable may have."""

from __future__ import annotations

import asyncio
import functools
import pickle

import pytest

from dotflow import DotFlow, Pipeline, action
from dotflow.errors import InvalidTask, MissingActionDecorator
from dotflow.model.action import Action


class Shop:
    def __init__(self, rate):
        self.rate = rate

    @action(retry=4)
    def price(self, previous_context):
        return self.rate * (previous_context.storage or 1)

    @action
    @classmethod
    def name(cls):
        return cls.__name__

    @action
    @staticmethod
    def plain(initial_context):
        return initial_context.storage

    @classmethod
    @action
    def inner_name(cls):
        return cls.__name__

    def method(self, previous_context):
        return self.rate

    async def fetch(self):
        return self.rate


class Callable:
    def __call__(self, initial_context):
        return initial_context.storage


class AsyncCallable:
    async def __call__(self):
        await asyncio.sleep(0)
        return 8


class ActionCalled:
    @action
    def __call__(self, initial_context):
        return initial_context.storage


class Wrapping:
    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


def by_place(previous_context, factor=2, /, *, initial_context):
    return previous_context.storage, factor, initial_context.storage


def first(first, second, initial_context):
    return first, second, initial_context.storage


def passed_on(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def in_places(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


SHAPES = [
    (Shop(3).price, 3),
    (Shop.name, "Shop"),
    (Shop(3).name, "Shop"),
    (Shop.inner_name, "Shop"),
    (Shop.plain, 5),
    (Shop(1).plain, 5),
    (action(Shop(4).method), 4),
    (action(Shop(6).fetch), 6),
    (action(Callable()), 5),
    (action(AsyncCallable()), 8),
    (action(ActionCalled()), 5),
    (action(Wrapping(by_place)), (None, 2, 5)),
    (action(functools.partial(action(first), 1, 2)), (1, 2, 5)),
    (action(action(by_place)), (None, 2, 5)),
    (action(by_place), (None, 2, 5)),
    (action(functools.partial(first, 1, second=2)), (1, 2, 5)),
    (action(functools.partial(first, 1, 2, 3)), None),
    (action(passed_on(by_place)), (None, 2, 5)),
    (action(passed_on(passed_on(by_place))), (None, 2, 5)),
    (action(in_places(lambda previous_context: previous_context.storage)), None),
    (action(functools.cache(lambda: 7)), 7),
    (action(functools.partial(passed_on(first), 1, 2)), (1, 2, 5)),
]


@pytest.mark.parametrize("mode", ["sequential", "parallel", "threads", "async"])
@pytest.mark.parametrize(("step", "value"), SHAPES)
def test_a_step_of_any_shape_gets_what_it_takes(step, value, mode):
    """Methods, objects, partials and wrappers are called with what they declare."""
    flow = DotFlow()
    flow.task.add(step, name="step", initial_context=5)
    flow.start(mode=mode)
    task = flow.result_task()[0]
    if value is None and "partial" in repr(step):
        # All its parameters are filled, and the last one with no context.
        assert task.errors[0].exception == "AttributeError"
        return
    assert [error.message for error in task.errors] == []
    assert task.current_context.storage == value


def test_a_bound_action_keeps_its_options_and_can_be_pickled():
    """A method taken from an object has the action's options, also in other processes."""
    step = Shop(3).price
    assert isinstance(step, Action)
    assert (step.retry, step.__name__) == (4, "price")
    again = pickle.loads(pickle.dumps(step))
    assert (again.retry, again.func.__self__.rate) == (4, 3)
    assert pickle.loads(pickle.dumps(Shop.name))() == "Shop"


def test_a_bound_action_is_known_by_depends_on():
    """A method taken from one object twice is one step."""
    shop = Shop(2)
    flow = DotFlow()
    flow.task.add(shop.price, name="first")
    flow.task.add(action(lambda first: first), name="second", depends_on=shop.price)
    flow.start()
    assert flow.result_storage() == [2, 2]


def test_an_action_can_be_derived_from():
    """A class with `@action` stands for itself where another derives from it."""

    @action
    class Base:
        @action
        def one(self):
            return 1

    @action
    class Derived(Base):
        @action
        def two(self, previous_context):
            return previous_context.storage + 1

    flow = DotFlow()
    flow.task.add(Derived)
    flow.start()
    assert [one.storage for one in flow.result_storage()[0]] == [1, 2]

    with pytest.raises(TypeError, match="no class to derive from"):

        class _Wrong(Shop.name):
            pass


@pytest.mark.parametrize("shape", [property(len), functools.cached_property(len)])
def test_what_cannot_be_called_is_refused_by_name(shape):
    """`@action` above a property names it where it is written."""
    with pytest.raises(InvalidTask, match=f"the {type(shape).__name__} len"):
        action(shape)


@pytest.mark.parametrize("kind", ["flow", "pipeline"])
@pytest.mark.parametrize("runs_it", [True, False])
def test_a_plain_function_around_a_coroutine(kind, runs_it):
    """It is called in a thread, and a coroutine it returns is awaited in the loop."""
    loops = []

    def around(function):
        @functools.wraps(function)
        def wrapper():
            return asyncio.run(function()) if runs_it else function()

        return wrapper

    async def mine():
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return 1

    async def wrapped():
        return await mine()

    if kind == "flow":
        flow = DotFlow()
        flow.task.add([action(mine), action(around(wrapped))])
        flow.start(mode="async")
        assert flow.result_storage() == [1, 1]
    else:
        pipeline = Pipeline("p")
        pipeline.task()(mine)
        pipeline.task("b")(around(wrapped))
        tasks = pipeline.run()["tasks"]
        assert [task["result"] for task in tasks.values()] == [1, 1]
    assert (loops[0] is loops[1]) is not runs_it


def test_many_wrapped_coroutines_wait_beside_each_other():
    """A wrapper holds no thread while what it has returned is awaited."""
    barrier = asyncio.Barrier(100)

    async def meet():
        await barrier.wait()
        return 100

    flow = DotFlow()
    for number in range(100):
        flow.task.add(action(passed_on(meet)), name=f"step{number}")
    flow.start(mode="async")
    assert set(flow.result_storage()) == {100}


def test_a_class_method_object_is_no_step():
    """A class method that was not taken from its class says how to take it."""
    flow = DotFlow()
    with pytest.raises(MissingActionDecorator, match=r"Shop\.name"):
        flow.task.add(vars(Shop)["name"])
