"""No `@action` method of a class-based step is left out in silence."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import pytest

from dotflow import DotFlow, action
from dotflow.errors import GraphError

pytestmark = pytest.mark.start_methods


def values(step, mode="sequential", **add):
    flow = DotFlow()
    flow.task.add(step, **add)
    flow.start(mode=mode)
    task = flow.result_task()[0]
    assert [error.message for error in task.errors] == []
    return [context.storage for context in task.current_context.storage]


@pytest.mark.parametrize("mode", ["sequential", "parallel", "threads", "async"])
def test_every_kind_of_method_runs_in_source_order(mode):
    """Decorators in either order, and methods without `self`, run where they stand."""
    assert values(action(_Every), mode, initial_context=1) == [
        "plain",
        ("static", "plain"),
        ("inside", "static"),
        ("_Every", 1),
        ("class", "_Every"),
        ("bare", "class"),
        "nothing",
        ("async", "nothing"),
        ("wrapped", "async"),
        ("item", 9),
    ]


def passed_on(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def first_of(previous_context):
    value = previous_context.storage
    return value[0] if isinstance(value, tuple) else value


class Called:
    def __call__(self):
        return ("item", 9)


class _Every:
    @action
    def plain(self):
        return "plain"

    @action
    @staticmethod
    def static(previous_context):
        return ("static", first_of(previous_context))

    @staticmethod
    @action
    def inside(previous_context):
        return ("inside", first_of(previous_context))

    @classmethod
    @action
    def of_class(cls, initial_context):
        return (cls.__name__, initial_context.storage)

    @action
    @classmethod
    def other(cls, previous_context):
        return ("class", first_of(previous_context))

    @action
    def bare(previous_context):  # noqa: N805 - that is what is tested
        return ("bare", first_of(previous_context))

    @action
    def none():
        return "nothing"

    @action
    async def later(self, previous_context):
        return ("async", first_of(previous_context))

    @action
    @passed_on
    def wrapped(self, previous_context, /):
        return ("wrapped", first_of(previous_context))

    item = action(Called())


def test_inherited_methods_of_every_kind():
    """A derived class has its base's methods first, and its own in their place."""

    class Base:
        @staticmethod
        @action
        def one():
            return 1

        @classmethod
        @action
        def two(cls):
            return cls.__name__

    class Derived(Base):
        @action
        def three(self):
            return 3

        @staticmethod
        @action
        def one():
            return "own"

    assert values(action(Derived)) == ["own", "Derived", 3]


def test_a_dataclass_is_made_of_what_it_has():
    """A dataclass runs with its defaults, and is refused where a field has none."""

    @action
    @dataclass(frozen=True)
    class Fine:
        rate: int = 3

        @action
        def price(self):
            return self.rate

    assert values(Fine) == [3]

    @action
    @dataclass
    class Without:
        rate: int

        @action
        def price(self):
            raise NotImplementedError

    flow = DotFlow()
    flow.task.add(Without)
    with pytest.raises(GraphError, match="'rate'"):
        flow.start()


def test_a_class_with_action_within_the_class():
    """It runs in its place, and its output is that of its own methods."""

    @action
    class Outer:
        @action
        def one(self):
            return 1

        @action
        class Inner:
            @action
            def two(self, previous_context):
                return previous_context.storage + 1

        @action
        def three(self, previous_context):
            return [one.storage for one in previous_context.storage]

    one, inner, three = values(Outer)
    assert (one, [two.storage for two in inner], three) == (1, [2], [2])


class Around:
    def __init__(self, function):
        self.function = function

    def __call__(self):
        raise NotImplementedError


class Descriptor(Around):
    def __get__(self, instance, owner=None):
        raise NotImplementedError


def hidden():
    class Property:
        @property
        @action
        def read(self):
            raise NotImplementedError

    class Cached:
        @functools.cached_property
        @action
        def read(self):
            raise NotImplementedError

    class Wrapped:
        @passed_on
        @action
        def read(self):
            raise NotImplementedError

    class Partial:
        @action
        def other(self):
            raise NotImplementedError

        read = functools.partialmethod(other)

    class Memo:
        @functools.cache  # noqa: B019 - it is refused, and kept by nobody
        @action
        def read(self):
            raise NotImplementedError

    class Double:
        @staticmethod
        @classmethod
        @action
        def read(kind):
            raise NotImplementedError

    class Described:
        @Descriptor
        @action
        def read(self):
            raise NotImplementedError

    class Called:
        read = Around(action(lambda: 1))

    class Setter:
        @property
        def read(self):
            raise NotImplementedError

        @read.setter
        @action
        def read(self, value):
            raise NotImplementedError

    class Nested:
        class read:  # noqa: N801
            @action
            def one(self):
                raise NotImplementedError

    class Maker:
        @action
        def __init__(self):
            raise NotImplementedError

        read = __init__

    found = [Property, Cached, Wrapped, Partial, Memo, Setter, Nested, Maker]
    return [*found, Double, Described, Called]


@pytest.mark.parametrize("cls", hidden())
def test_what_would_never_run_is_refused_by_name(cls):
    """An action behind a property, a decorator or in an undecorated class is named."""
    ran = []
    flow = DotFlow()
    flow.task.add(action(lambda: ran.append(1)))
    flow.task.add(action(cls))
    with pytest.raises(GraphError, match=rf"{cls.__name__}\.(read|__init__)"):
        flow.start()
    assert not ran


def test_an_object_that_a_step_returns_is_checked_before_its_methods_run():
    """What cannot be known before the object is there fails its task by name."""
    ran = []

    class Broken:
        @action
        def first(self):
            ran.append(1)

        @property
        @action
        def second(self):
            raise NotImplementedError

    flow = DotFlow()
    flow.task.add(action(lambda: Broken()))
    flow.start()
    task = flow.result_task()[0]
    assert task.status == "Failed"
    assert "Broken.second" in task.errors[0].message
    assert not ran


def test_class_methods_with_options():
    """`@action(…)` with options stands above `@classmethod`, too."""

    class Counted:
        tries = 0

        @action(retry=2, retry_delay=0)
        @classmethod
        def count(cls):
            cls.tries += 1
            if cls.tries == 1:
                raise ValueError
            return cls.tries

    assert values(action(Counted)) == [2]


def test_a_dataclass_above_an_action_is_told():
    """`@dataclass` above `@action` says which of them goes above."""
    with pytest.raises(AttributeError, match=r"Shop.* @action above .*@dataclass"):

        @dataclass
        @action
        class Shop:
            rate: int = 1
