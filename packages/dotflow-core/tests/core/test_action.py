"""`@action`: what it makes of a function, and what a step is called with."""

from __future__ import annotations

import pickle
from functools import partial, wraps

import pytest

from dotflow import Context, DotFlow, Task, action
from dotflow.errors import MissingActionDecorator
from dotflow.model.action import Action


@action
def documented(previous_context):
    """Say what came before."""
    return previous_context.storage


@action(retry=4, timeout=2, retry_delay=3, backoff=True)
def with_options():
    """Take options."""
    return "done"


def value_of(step, **add):
    workflow = DotFlow()
    workflow.task.add(step, **add)
    workflow.start()
    return workflow.result_storage()[-1]


@pytest.mark.parametrize("step", [documented, with_options])
def test_a_step_keeps_what_identifies_the_function(step):
    """Name, qualified name, module and docstring are the function's, in both forms."""
    name = step.func.__name__
    assert step.__name__ == step.__qualname__ == name
    assert step.__module__ == __name__
    assert step.__doc__ == step.func.__doc__
    assert step.__wrapped__ is step.func


def test_options_can_be_read():
    """The options are attributes of the step, with the defaults of 1.x."""
    assert with_options.retry == 4
    assert with_options.timeout == 2
    assert with_options.retry_delay == 3
    assert with_options.backoff is True
    assert documented.retry == 1
    assert documented.timeout == 0
    assert documented.retry_delay == 1
    assert documented.backoff is False


def test_positional_arguments_of_1x():
    """The order of the arguments is that of 1.x."""
    step = action(len, None, 2, 5, 0.5, True)
    assert (step.retry, step.timeout, step.retry_delay) == (2, 5, 0.5)
    assert step.backoff is True


def test_one_decorator_makes_many_steps():
    """The result of `action(retry=2)` can decorate several functions."""
    twice = action(retry=2)
    first, second = twice(lambda: 1), twice(lambda: 2)
    assert isinstance(first, Action)
    assert (first(), second()) == (1, 2)
    assert (first.retry, second.retry) == (2, 2)


@pytest.mark.parametrize("arguments", [(), (1,), (len, len)])
def test_a_decorator_decorates_one_callable(arguments):
    """`action(retry=2)` called with anything but a callable says what is missing."""
    with pytest.raises(MissingActionDecorator, match="before it decorated a step"):
        action(retry=2)(*arguments)


def test_a_direct_call_is_the_plain_function():
    """A step can be called as the function it decorates, with positions and keywords."""

    @action
    def add(a, b=1, *more, **named):
        return (a, b, more, named)

    assert add(1) == (1, 1, (), {})
    assert add(1, 2, 3, key=4) == (1, 2, (3,), {"key": 4})
    assert documented(Context(5)) == 5


def test_a_direct_call_raises_what_the_function_raises():
    """A direct call lets errors through and does not retry."""
    calls = []

    @action(retry=3, retry_delay=0)
    def fail():
        calls.append(1)
        raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert calls == [1]


def test_a_call_on_behalf_of_a_task_gives_a_context():
    """With `task=` a call takes the task's contexts and returns a `Context`, as in 1.x."""

    @action
    def join(initial_context, previous_context):
        return (initial_context.storage, previous_context.storage)

    task = Task("id-1", join, initial_context="a", workflow_id="nightly")
    task.previous_context = "b"
    context = join(task=task)
    assert isinstance(context, Context)
    assert context.storage == ("a", "b")
    assert (context.task_id, context.workflow_id) == ("id-1", "nightly")


def test_a_parameter_named_task_is_the_functions_own():
    """A function that has a parameter `task` is called with it."""

    @action
    def show(task):
        return task

    assert show(task=5) == 5


@pytest.mark.parametrize("names", ["initial", "previous", "both", "swapped", "none"])
def test_injection_goes_by_the_parameters_names(names):
    """A step receives `Context` objects for the parameters it names, in any order."""
    steps = {
        "initial": lambda initial_context: initial_context,
        "previous": lambda previous_context: previous_context,
        "both": lambda previous_context, initial_context: initial_context,
        "swapped": lambda initial_context, previous_context: initial_context,
        "none": lambda: Context("given"),
    }
    seen = []
    step = steps[names]

    @wraps(step)
    def spy(**contexts):
        seen.append(contexts)
        return step(**contexts)

    workflow = DotFlow()
    workflow.task.add(action(lambda: "given"))
    workflow.task.add(action(spy), initial_context="given")
    workflow.start()
    assert workflow.result_storage() == ["given", "given"]
    assert all(isinstance(value, Context) for value in seen[0].values())


def test_injection_into_keyword_only_parameters():
    """Keyword-only parameters are filled as well."""

    @action
    def step(*, initial_context):
        return initial_context.storage

    assert value_of(step, initial_context=3) == 3


def test_parameters_with_defaults_keep_them():
    """A parameter that is no context keeps its default."""

    @action
    def step(initial_context, factor=10):
        return initial_context.storage * factor

    assert value_of(step, initial_context=3) == 30


def test_a_decorated_function_under_action():
    """A function wrapped by another decorator receives contexts by its own names."""

    def doubled(function):
        @wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs) * 2

        return wrapper

    @action
    @doubled
    def step(initial_context):
        return initial_context.storage

    assert value_of(step, initial_context=4) == 8


def test_callables_that_are_no_functions():
    """A partial, a builtin and an object with `__call__` can be steps."""

    class Doubler:
        def __call__(self, initial_context):
            return initial_context.storage * 2

    def add(amount, initial_context):
        return initial_context.storage + amount

    assert value_of(action(partial(add, 5)), initial_context=1) == 6
    assert value_of(action(Doubler()), initial_context=4) == 8
    assert value_of(action(dict)) == {}


def test_a_returned_context_is_unwrapped():
    """A step that returns a `Context` has its value for a result."""

    @action
    def step():
        return Context("inner", task_id="other")

    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start()
    context = workflow.result_context()[0]
    assert context.storage == "inner"
    assert context.task_id == workflow.result_task()[0].task_id


def test_a_step_can_be_pickled():
    """A step at the top of a module is pickled by its name, as functions are."""
    assert pickle.loads(pickle.dumps(with_options)) is with_options
    copy = pickle.loads(pickle.dumps(action(len, retry=2)))
    assert (copy.func, copy.retry) == (len, 2)


def test_repr_names_the_step():
    """`repr` shows the name."""
    assert repr(documented) == "<action documented>"
