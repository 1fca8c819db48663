"""Scripts as users of 1.x wrote them after its guide: they run and print the same."""

from __future__ import annotations

import pytest

SCRIPTS = {}


def script(name, expected, *, any_order=False):
    """Keep a script with the lines that it prints."""

    def keep(source):
        SCRIPTS[name] = (source, expected, any_order)

    return keep


script("quick start", ["Loaded 120 active users"])("""
from dotflow import DotFlow, action

@action
def extract():
    return {"users": 150}

@action
def transform(previous_context):
    total = previous_context.storage["users"]
    return {"users": total, "active": int(total * 0.8)}

@action
def load(previous_context):
    print(f"Loaded {previous_context.storage['active']} active users")

workflow = DotFlow()
workflow.task.add(step=extract)
workflow.task.add(step=transform)
workflow.task.add(step=load)

workflow.start()
""")

script("contexts", ["Hello, World!", "str True True True"])("""
from dotflow import DotFlow, action

@action
def step_one():
    return "Hello"

@action
def step_two(previous_context, initial_context):
    greeting = previous_context.storage
    name = initial_context.storage
    return f"{greeting}, {name}!"

workflow = DotFlow()
workflow.task.add(step=step_one)
workflow.task.add(step=step_two, initial_context="World")
workflow.start()

context = workflow.result_context()[1]
print(context.storage)
print(
    type(context.task_id).__name__,
    context.task_id == workflow.result_task()[1].task_id,
    context.workflow_id == workflow.workflow_id,
    context.time is not None,
)
""")

script("many contexts", ["[1, 2] None", "[1, 2, 3] [1, 2]"])("""
from dotflow import DotFlow, action

@action
def show(initial_context, previous_context):
    print(initial_context.storage, previous_context.storage)
    return initial_context.storage

workflow = DotFlow()
workflow.task.add(step=show, initial_context=[1, 2])
workflow.task.add(step=show, initial_context=[1, 2, 3])
workflow.start()
""")

script("class-based steps", ["Loaded: [2, 4, 6]", "3"])("""
from dotflow import DotFlow, action

class ETLPipeline:
    @action
    def extract(self):
        return {"raw": [1, 2, 3]}

    @action
    def transform(self, previous_context):
        data = previous_context.storage["raw"]
        return {"processed": [x * 2 for x in data]}

    @action
    def load(self, previous_context):
        print(f"Loaded: {previous_context.storage['processed']}")

@action
def run_pipeline():
    return ETLPipeline()

workflow = DotFlow()
workflow.task.add(step=run_pipeline)
workflow.start()
print(len(workflow.result_storage()[0]))
""")

script("class decorated", ["A B", "B"])("""
from dotflow import DotFlow, action

@action
class Steps:
    @action
    def first(self):
        return "A"

    @action
    def second(self, previous_context):
        print(previous_context.storage, "B")
        return "B"

workflow = DotFlow()
workflow.task.add(step=Steps)
workflow.start()
print(workflow.result_storage()[0][-1].storage)
""")

GROUPS = """
from dotflow import DotFlow, action

@action
def fetch_users():
    return ["ann", "bob"]

@action
def save_users(previous_context):
    print("users:", len(previous_context.storage), flush=True)

@action
def fetch_orders():
    return [1, 2, 3]

@action
def save_orders(previous_context):
    print("orders:", len(previous_context.storage), flush=True)

workflow = DotFlow()
workflow.task.add(step=fetch_users, group_name="users")
workflow.task.add(step=save_users, group_name="users")
workflow.task.add(step=fetch_orders, group_name="orders")
workflow.task.add(step=save_orders, group_name="orders")

workflow.start({mode})
print([task.status for task in workflow.result_task()])
"""
COMPLETED = "['Completed', 'Completed', 'Completed', 'Completed']"
script("groups", ["users: 2", "orders: 3", COMPLETED], any_order=True)(
    GROUPS.format(mode="")
)
script("groups by mode", ["users: 2", "orders: 3", COMPLETED], any_order=True)(
    GROUPS.format(mode="mode='sequential_group'")
)

script("parallel", ["[1, 4, 9]"])("""
from dotflow import DotFlow, action

@action
def square(initial_context):
    return initial_context.storage ** 2

workflow = DotFlow()
for number in (1, 2, 3):
    workflow.task.add(step=square, initial_context=number)
workflow.start(mode="parallel")
print(workflow.result_storage())
""")

script("background", ["started", "step", "['Completed']"])("""
import threading
from dotflow import DotFlow, action

told = threading.Event()

@action
def step():
    told.wait()
    print("step")

workflow = DotFlow()
workflow.task.add(step=step)
manager = workflow.start(mode="background")
print("started", flush=True)
told.set()
manager.thread.join()
print([task.status for task in workflow.result_task()])
""")

script("callbacks", ["my_step: Completed", "All tasks completed!"])("""
from dotflow import DotFlow, action

@action
def my_step():
    return 1

def on_task_done(task):
    print(f"{task.step.__name__}: {task.status}")

def on_success(*args, **kwargs):
    print("All tasks completed!")

def on_failure(*args, **kwargs):
    print("Something went wrong.")

workflow = DotFlow()
workflow.task.add(step=my_step, callback=on_task_done)
workflow.start(on_success=on_success, on_failure=on_failure)
""")

ERRORS = """
from dotflow import DotFlow, action

@action
def good():
    return "good"

@action(retry=2, retry_delay=0)
def bad():
    raise ValueError("no such file")

def on_failure(*args, **kwargs):
    print("Something went wrong.", len(kwargs["tasks"]))

workflow = DotFlow()
workflow.task.add(step=good)
workflow.task.add(step=bad)
workflow.task.add(step=good)
workflow.start(keep_going={keep_going}, on_failure=on_failure)

for task in workflow.result_task():
    print(task.status, len(task.errors))
    for error in task.errors:
        print(" ", error.attempt, error.exception, error.message)
"""
ATTEMPTS = ["  1 ValueError no such file", "  2 ValueError no such file"]
script(
    "error handling",
    ["Something went wrong. 2", "Completed 0", "Failed 2", *ATTEMPTS, "Not started 0"],
)(ERRORS.format(keep_going=False))
script(
    "keep going",
    ["Something went wrong. 3", "Completed 0", "Failed 2", *ATTEMPTS, "Completed 0"],
)(ERRORS.format(keep_going=True))

script("async", ["{'status': 'ok'}"])("""
import asyncio
from dotflow import DotFlow, action

async def get(url):
    await asyncio.sleep(0)
    return {"status": "ok"}

@action(timeout=30)
async def fetch_data():
    return await get("https://api.example.com/data")

workflow = DotFlow()
workflow.task.add(step=fetch_data)
workflow.start()
print(workflow.result_storage()[0])
""")

script("retry and backoff", ["3"])("""
from dotflow import DotFlow, action

calls = []

@action(retry=3, timeout=10, retry_delay=0, backoff=True)
def unreliable_api_call():
    calls.append(1)
    if len(calls) < 3:
        raise ConnectionError("try again")
    return len(calls)

workflow = DotFlow()
workflow.task.add(step=unreliable_api_call)
workflow.start()
print(workflow.result_storage()[0])
""")

script("checkpoint", ["a", "b", "c", "Failed", "c", "Completed", "['a', 'b', 'c']"])("""
from dotflow import DotFlow, Config, action
from dotflow.providers import StorageFile

config = Config(storage=StorageFile())
broken = True

@action
def step_a():
    print("a")
    return "a"

@action
def step_b():
    print("b")
    return "b"

@action
def step_c():
    print("c")
    if broken:
        raise ValueError("not yet")
    return "c"

workflow = DotFlow(config=config, workflow_id="my-pipeline-v1")
workflow.task.add(step=step_a)
workflow.task.add(step=step_b)
workflow.task.add(step=step_c)

workflow.start()
print(workflow.result_task()[2].status)

broken = False
workflow.start(resume=True)
print(workflow.result_task()[2].status)
print(workflow.result_storage())
""")

RESULTS = ["2 2 2", "[1, 2]", "Task", "Context", "step", "2", "['two', 'one']", "0"]
script("results and inspection", RESULTS)("""
from dotflow import DotFlow, action

@action
def one():
    return 1

@action
def two(previous_context):
    return previous_context.storage + 1

workflow = DotFlow(name="step")
workflow.task.add(step=one)
workflow.task.add(step=two)
workflow.start()

tasks = workflow.result_task()
contexts = workflow.result_context()
storages = workflow.result_storage()
result = workflow.result()
print(len(tasks), len(contexts), len(result["tasks"]))
print(storages)
print(type(tasks[0]).__name__)
print(type(contexts[0]).__name__)
print(result["workflow_name"])

print(workflow.task.count())
workflow.task.reverse()
print([task.step.__name__ for task in workflow.task.queue])
workflow.task.clear()
print(workflow.task.count())
""")


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_print_what_they_printed(run_script, name):
    """A script of the guide runs unchanged and prints what it did with 1.x."""
    source, expected, any_order = SCRIPTS[name]
    result = run_script(source)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    if any_order:
        lines, expected = sorted(lines), sorted(expected)
    assert lines == expected


def test_steps_by_dotted_path(run_script, tmp_path):
    """Steps and callbacks by dotted path are found beside the script."""
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").write_text("", "utf-8")
    (package / "tasks.py").write_text(
        "from dotflow import action\n"
        "@action\n"
        "def process_data():\n"
        "    return 'processed'\n"
        "@action\n"
        "def save_results(previous_context):\n"
        "    return f'saved {previous_context.storage}'\n",
        "utf-8",
    )
    (package / "callbacks.py").write_text(
        "def notify(task):\n    print('notified of', task.status)\n", "utf-8"
    )
    result = run_script(
        """
        from dotflow import DotFlow

        workflow = DotFlow()
        workflow.task.add(step="my_package.tasks.process_data")
        workflow.task.add(
            step="my_package.tasks.save_results", callback="my_package.callbacks.notify"
        )
        workflow.start()
        print(workflow.result_storage())
        """
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "notified of Completed",
        "['processed', 'saved processed']",
    ]


def test_the_providers_of_the_guide(run_script):
    """The guide's custom scheduler and notifier work as they are written."""
    result = run_script(
        """
        from collections.abc import Callable
        from typing import Any

        from dotflow import Config, DotFlow, action
        from dotflow.abc.notify import Notify
        from dotflow.abc.scheduler import Scheduler


        class SchedulerInterval(Scheduler):
            def __init__(self, seconds: int = 60):
                self.seconds = seconds
                self.running = False

            def start(self, workflow: Callable, **kwargs) -> None:
                import time
                self.running = True
                while self.running:
                    workflow(**kwargs)
                    time.sleep(self.seconds)

            def stop(self) -> None:
                self.running = False


        class NotifyPrint(Notify):
            def hook_status_task(self, task: Any) -> None:
                print(f"{task.step.__name__}: {task.status}")


        ticks = []
        scheduler = SchedulerInterval(seconds=0)

        @action
        def tick():
            ticks.append(1)
            if len(ticks) == 2:
                scheduler.stop()

        config = Config(scheduler=scheduler, notify=NotifyPrint())
        workflow = DotFlow(config=config)
        workflow.task.add(step=tick)
        workflow.schedule()
        print(len(ticks))
        """
    )
    assert result.returncode == 0, result.stderr
    tick = ["tick: Not started", "tick: In progress", "tick: Completed"]
    assert result.stdout.splitlines() == [*tick, *tick, "2"]
