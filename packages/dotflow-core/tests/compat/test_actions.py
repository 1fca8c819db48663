"""Actions, their retries and classes as users of dotflow 1.x know them."""

from __future__ import annotations

import asyncio

import pytest
from former_flows import broken, flow_of, one, plus_one, quiet, started, statuses

from dotflow import Context, DotFlow, action
from dotflow.core import exception, types
from dotflow.providers import NotifyDefault

# Actions


@pytest.mark.parametrize(
    "decorate",
    [action, action(), action(retry=1), action(retry=2, timeout=9, backoff=True)],
)
def test_an_action_is_decorated_with_or_without_arguments(decorate):
    """`@action`, `@action()` and `@action(retry=…)`."""

    @decorate
    def step():
        return 5

    assert started(step).result_storage() == [5]


def test_an_action_keeps_what_it_decorates():
    """Its name and its docstring, and it can be called as a function."""

    @action(retry=2)
    def double(number):
        """Double it."""
        return 2 * number

    assert (double.__name__, double.__doc__) == ("double", "Double it.")
    assert double(4) == 8


def test_a_coroutine_is_a_step():
    """Whether or not a loop runs already."""

    @action
    async def step(initial_context):
        await asyncio.sleep(0)
        return initial_context.storage

    flow = DotFlow(quiet())
    flow.task.add(step, initial_context=3)
    flow.start()
    assert flow.result_storage() == [3]

    async def inside():
        flow.start()

    asyncio.run(inside())
    assert flow.result_storage() == [3]


@pytest.mark.parametrize(
    ("value", "expected"), [(Context(storage=3), 3), (5, 5), (None, None), ([], [])]
)
def test_a_returned_context_is_taken_apart(value, expected):
    """What a step returns is its result, a context's value if it is one."""

    @action
    def step():
        return value

    assert started(step).result_storage() == [expected]


def test_contexts_come_by_the_names_of_parameters():
    """`initial_context` and `previous_context`; others need a default."""

    @action
    def step(previous_context, other=4, *, initial_context):
        return previous_context.storage, other, initial_context.storage

    flow = DotFlow(quiet())
    flow.task.add(one).add(step, initial_context="a")
    flow.start()
    assert flow.result_storage()[1] == (1, 4, "a")


def test_a_result_is_the_previous_context_of_the_next():
    """Along the chain."""
    assert started(plus_one, plus_one, plus_one).result_storage() == [1, 2, 3]


@pytest.mark.parametrize("retry", [0, 1])
def test_retry_is_the_number_of_attempts(retry):
    """0 is one attempt, as 1 is."""

    @action(retry=retry)
    def step():
        return 1

    assert started(step).result_storage() == [1]


@pytest.mark.parametrize(
    ("retry", "failures"), [(1, 1), (2, 2), (3, 3), (3, 2), (4, 1)]
)
def test_failed_attempts_are_repeated_and_counted(retry, failures):
    """Until one succeeds or there is none left; each leaves its error."""
    calls = []

    @action(retry=retry, retry_delay=0)
    def step():
        calls.append(1)
        if len(calls) <= failures:
            raise ValueError(len(calls))

    (task,) = started(step).result_task()
    ended_well = failures < retry
    assert task.status == ("Completed" if ended_well else "Failed")
    assert len(calls) == min(retry, failures + 1)
    assert len(task.errors) == failures
    assert task.retry_count == (failures if ended_well else retry - 1)
    assert [error.attempt for error in task.errors] == list(range(1, failures + 1))


def test_a_notifier_sees_the_sequence_of_1x():
    """Not started, In progress, Retry, Failed."""
    seen = []

    class Heard(NotifyDefault):
        active = True

        def hook_status_task(self, task):
            seen.append(task.status)

    flow = DotFlow(quiet(notify=Heard()))
    flow.task.add(action(retry=3, retry_delay=0)(broken.func))
    flow.start()
    assert [s for n, s in enumerate(seen) if n == 0 or seen[n - 1] != s] == [
        "Not started",
        "In progress",
        "Retry",
        "Failed",
    ]


@pytest.mark.parametrize("error", [AssertionError, KeyError, TimeoutError, OSError])
def test_any_exception_of_a_task_makes_it_failed(error):
    """`start` does not raise it; the task has it."""

    @action
    def step():
        raise error("x")

    (task,) = started(step).result_task()
    assert (task.status, task.errors[0].exception) == ("Failed", error.__name__)
    assert task.errors[0].message


@pytest.mark.parametrize("text", ["initial_context", "previous_context", "'self'"])
def test_an_error_is_not_masked_for_its_words(text):
    """The message is the step's own, and it is retried."""

    @action(retry=2, retry_delay=0)
    def step():
        raise ValueError(f"bad {text}")

    (task,) = started(step).result_task()
    assert [error.exception for error in task.errors] == ["ValueError"] * 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_program_ends_the_run_in_order(error):
    """It propagates, and the task is not left In progress."""

    @action
    def step():
        raise error

    flow = flow_of(step)
    with pytest.raises(error):
        flow.start()
    assert statuses(flow) != ["In progress"]


def test_a_timeout_is_a_failure_that_is_retried():
    """With the class TimeoutError and a message."""

    @action(timeout=0.05, retry=2, retry_delay=0)
    async def step():
        await asyncio.Event().wait()

    (task,) = started(step).result_task()
    assert [error.exception for error in task.errors] == ["TimeoutError"] * 2
    assert all(error.message for error in task.errors)


class Numbers:
    def __init__(self, initial_context=None):
        self.factor = 2

    @action
    def read(self):
        return 3

    @action
    def double(self, previous_context):
        return previous_context.storage * self.factor

    def no_action(self):
        raise AssertionError


def test_a_class_is_a_step_whose_methods_run_in_order():
    """The result is a list of contexts, one for each method."""
    (contexts,) = started(action(Numbers)).result_storage()
    assert [context.storage for context in contexts] == [3, 6]
    assert len({context.task_id for context in contexts}) == 2


def test_a_class_without_actions_gives_its_instance():
    """As in 1.x."""

    @action
    class Nothing:
        pass

    (found,) = started(Nothing).result_storage()
    assert type(found).__name__ == "Nothing"


def test_a_returned_object_is_left_alone():
    """Its properties are not read."""

    class Touchy:
        @property
        def value(self):
            raise AssertionError

    @action
    def step():
        return Touchy()

    assert statuses(started(step)) == ["Completed"]


# Words


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("TypeStatus", "NOT_STARTED", "Not started"),
        ("TypeStatus", "IN_PROGRESS", "In progress"),
        ("TypeStatus", "COMPLETED", "Completed"),
        ("TypeStatus", "PAUSED", "Paused"),
        ("TypeStatus", "RETRY", "Retry"),
        ("TypeStatus", "FAILED", "Failed"),
        ("TypeExecution", "SEQUENTIAL", "sequential"),
        ("TypeExecution", "BACKGROUND", "background"),
        ("TypeExecution", "PARALLEL", "parallel"),
        ("TypeOverlap", "SKIP", "skip"),
        ("TypeOverlap", "QUEUE", "queue"),
        ("TypeOverlap", "PARALLEL", "parallel"),
        ("TypeStorage", "DEFAULT", "default"),
        ("TypeStorage", "FILE", "file"),
        ("TypeStorage", "S3", "s3"),
        ("TypeStorage", "GCS", "gcs"),
        ("TypeInputChange", "REUSE", "reuse"),
        ("TypeInputChange", "RESET", "reset"),
        ("TypeInputChange", "RAISE", "raise"),
        ("WorkflowStatus", "NEW", "New"),
        ("WorkflowStatus", "IN_PROGRESS", "In progress"),
        ("WorkflowStatus", "COMPLETED", "Completed"),
        ("WorkflowStatus", "FAILED", "Failed"),
    ],
)
def test_words_have_the_values_of_1x(group, name, value):
    """They are plain texts."""
    assert getattr(getattr(types, group), name) == value


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("MissingActionDecorator", ()),
        ("ExecutionModeNotExist", ()),
        ("ImportModuleError", ("m",)),
        ("NotCallableObject", ("n",)),
        ("ProblemOrdering", ("n",)),
        ("ModuleNotFound", ("m", "l")),
        ("InvalidWorkflowFactory", ("f",)),
        ("WorkflowFlagConflict", ("--c",)),
        ("ExecutionWithClassError", ()),
        ("InputChangedError", ("w",)),
        ("InvalidOnInputChange", ("v",)),
    ],
)
def test_errors_are_made_as_in_1x(name, arguments):
    """With the same arguments, which the message repeats."""
    error = getattr(exception, name)(*arguments)
    assert isinstance(error, Exception)
    assert str(error)
    assert all(argument in str(error) for argument in arguments)
