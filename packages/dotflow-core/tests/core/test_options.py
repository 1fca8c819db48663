"""Options: each is declared once, told with its error, and may not be given twice."""

from __future__ import annotations

import inspect
import re

import pytest

from dotflow import DotFlow, Pipeline, action
from dotflow.model import options
from dotflow.workflow.manager import Manager

FAMILIES = [
    (options.TaskOptions, options.TASK_DEFAULTS),
    (options.ActionOptions, options.ACTION_DEFAULTS),
    (options.NodeOptions, options.NODE_DEFAULTS),
    (options.RunOptions, options.RUN_DEFAULTS),
    (options.StartOptions, options.START_DEFAULTS),
]


@action
def one():
    return 1


@pytest.mark.parametrize(("family", "defaults"), FAMILIES)
def test_an_option_is_told_and_has_a_default(family, defaults):
    """Every declared option has a default and a line in the docstring of its family."""
    declared, told = set(), set()
    for cls in family.__mro__:
        declared |= set(inspect.get_annotations(cls))
        text = inspect.cleandoc(cls.__doc__ or "")
        told |= set(re.findall(r"^    (\w+): ", text, re.MULTILINE))
    assert declared == told == set(defaults)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: action(retries=3), ["@action", "'retries'", "Did you mean 'retry'?"]),
        (lambda: DotFlow().start(keep_goin=True), ["start()", "'keep_going'?"]),
        (lambda: Manager([], max_paralel=1), ["start()", "'max_parallel'?"]),
        (lambda: Pipeline("p").task(retris=1), ["task()", "'retries'?", "timeout_s"]),
        (lambda: Pipeline("p").run(dedline=1), ["A run", "'deadline'?"]),
    ],
)
def test_an_unknown_option(call, words):
    """An unknown option is refused with where it was given and the nearest name."""
    with pytest.raises(TypeError) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: action(one.func, None, 2, retry=3),
        lambda: Manager([], print, on_success=print),
        lambda: Pipeline("p").task("a", None, 1.0, timeout_s=2.0),
    ],
)
def test_an_option_given_twice(call):
    """An option that is given by its place and by its name is refused."""
    with pytest.raises(TypeError, match="by place and by name"):
        call()


def test_too_many_by_place():
    """More values than there are places are refused with the options they would be."""
    with pytest.raises(TypeError, match="retry, timeout, retry_delay, backoff"):
        action(one.func, None, 1, 0, 1, False, ValueError)
