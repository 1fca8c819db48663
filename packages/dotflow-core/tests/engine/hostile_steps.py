"""Runs steps that end in odd ways, and prints what became of each.

    python hostile_steps.py WAY [STEP …]

A way is a mode of `start`, `groups`, `isolate`, `pipeline` or `apart`: a task of a
pipeline in a process of its own. A line of JSON for each step has its name, the statuses
of it and of a task beside it, what `start()` raised, and whether this process printed it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.providers import LogDefault

WAYS = (
    *("sequential", "background", "threads", "async", "parallel", "groups"),
    *("isolate", "pipeline", "apart"),
)


def fail(*_given):
    raise RuntimeError("not loaded")


def leave(*_given):
    sys.exit(1)


def odd(base, name, does):
    """Return an exception whose attribute of that name does something."""
    special = does if name in ("__str__", "__repr__", "__reduce__") else property(does)
    return type("Odd", (base,), {name: special})


NAMES = ("__str__", "__repr__", "__cause__", "__context__", "__class__")
NAMES += ("__traceback__", "__notes__", "__reduce__", "__suppress_context__")
STEPS = {}


def step(function):
    STEPS[function.__name__] = function
    return function


def _raiser(error):
    def work():
        raise error

    return work


async def _coroutine(error):
    raise error


for _base in (Exception, BaseException):
    for _name in NAMES:
        for _does in (fail, leave):
            _error = odd(_base, _name, _does)
            STEPS[f"{_base.__name__}{_name}{_does.__name__}"] = _raiser(_error)


class Kind(type):
    """A metaclass of which nothing can be read."""

    def __hash__(cls):
        raise RuntimeError

    def __eq__(cls, other):
        raise RuntimeError

    @property
    def __name__(cls):
        raise RuntimeError

    @property
    def __module__(cls):
        raise RuntimeError


class Unreadable(Exception, metaclass=Kind):
    """An exception of a class of which nothing can be read."""


class Text(str):
    """A text that cannot be looked at."""

    __slots__ = ()

    def __len__(self):
        raise RuntimeError

    def __bool__(self):
        raise RuntimeError

    def __format__(self, _spec):
        raise RuntimeError

    def __reduce__(self):
        raise RuntimeError


class Wordy(Exception):
    """Says something odd."""

    def __str__(self):
        return Text("odd")


for _error in (StopIteration, StopAsyncIteration, GeneratorExit, MemoryError):
    STEPS[_error.__name__] = _raiser(_error)
STEPS |= {
    "CancelledError": _raiser(asyncio.CancelledError),
    "unreadable": _raiser(Unreadable),
    "wordy": _raiser(Wordy),
}


@step
def exit_with_object():
    class Code:
        def __repr__(self):
            raise RuntimeError

    raise SystemExit(Code())


@step
async def cancels_itself():
    asyncio.current_task().cancel()
    await asyncio.sleep(1)


@step
async def cancels_itself_and_returns():
    asyncio.current_task().cancel()
    return 1


@step
async def cancels_all():
    me = asyncio.current_task()
    for task in asyncio.all_tasks():
        if task is not me and "dotflow" in str(task.get_coro().cr_code.co_filename):
            continue
        task.cancel()
    await asyncio.sleep(1)


@step
async def stops_iteration():
    raise StopIteration


@step
async def raises_cancelled():
    raise odd(asyncio.CancelledError, "__str__", leave)


@step
async def raises_odd():
    raise odd(Exception, "__class__", fail)


@step
def forks():
    os.fork()
    return 1


@step
def forks_and_fails_there():
    if os.fork() == 0:
        raise ValueError("in the child")
    return 1


@step
def forks_and_exits_there():
    if os.fork() == 0:
        sys.exit(3)
    return 1


@step
async def forks_in_the_loop():
    os.fork()
    return 1


@step
async def forks_and_waits():
    os.fork()
    await asyncio.sleep(0.05)
    return 1


@step
def ends_its_thread():
    import _thread

    _thread.exit()


@step
def generator_that_fails():
    yield 1
    raise odd(Exception, "__cause__", fail)


@step
async def async_generator_that_exits():
    yield 1
    sys.exit(1)


def closes_descriptors():
    os.closerange(3, 256)
    return 1


def beside():
    return "beside"


def run(name, way):
    """Return the statuses of both tasks; raise what ended the run."""
    if way in ("pipeline", "apart"):
        pipeline = Pipeline("odd")
        pipeline.task(name="odd", process=way == "apart")(STEPS[name])
        pipeline.task(name="beside")(beside)
        tasks = pipeline.run()["tasks"]
        return [tasks["odd"]["status"], tasks["beside"]["status"]]
    flow = DotFlow(Config(log=LogDefault(level="ERROR")))
    made = action(isolate=way == "isolate")(STEPS[name])
    group = {"group_name": "other"} if way == "groups" else {}
    flow.task.add(made, name="odd", depends_on=[])
    flow.task.add(action(beside), name="beside", depends_on=[], **group)
    mode = "sequential" if way in ("groups", "isolate") else way
    flow.start(mode=mode, keep_going=True).wait()
    return [task.status for task in flow.result_task()]


# The last one: nothing of this process works afterwards.
STEPS["closes_descriptors"] = closes_descriptors

if __name__ == "__main__":
    me, (way, *names) = os.getpid(), sys.argv[1:]
    for name in names or STEPS:
        statuses, raised = [], None
        try:
            statuses = run(name, way)
        except BaseException as error:
            raised = type.__dict__["__name__"].__get__(type(error))
        line = json.dumps([name, statuses, raised, os.getpid() == me])
        os.write(1, f"{line}\n".encode())
    os._exit(0)
