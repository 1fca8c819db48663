"""A run begins only when each step gets all the parameters that it requires."""

from __future__ import annotations

import functools

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.abc.scheduler import Scheduler
from dotflow.errors import GraphError, InvalidTask

MODES = ["sequential", "background", "parallel", "threads", "async"]


class Ran(list):
    """A first step that notes that it ran, as none may here."""

    def step(self):
        @action(retry=3, retry_delay=0)
        def first():
            self.append(1)
            return 1

        return first


@pytest.fixture
def ran():
    steps = Ran()
    yield steps
    assert not steps


def refused(flow, *words, **options):
    with pytest.raises(GraphError) as caught:
        flow.start(**options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("mode", MODES)
def test_a_misspelt_context_is_refused_before_anything_runs(ran, mode):
    """What nothing provides is named with its task and with what was meant."""

    @action
    def report(previus_context):
        raise NotImplementedError

    flow = DotFlow()
    flow.task.add([ran.step(), report])
    refused(flow, "'report'", "'previus_context'", "'previous_context'", mode=mode)


@pytest.mark.parametrize(
    ("name", "meant"), [("prev", "previous_context"), ("init", "initial_context")]
)
def test_a_shortened_name_is_understood(ran, name, meant):
    """The beginning of a name is told as that name."""
    spoken = {}
    exec(f"def report({name}): raise NotImplementedError", spoken)
    flow = DotFlow()
    flow.task.add([ran.step(), action(spoken["report"])])
    refused(flow, repr(name), f"Did you mean {meant!r}?")


def test_all_problems_are_told_at_once(ran):
    """One error names every task that could not be called."""

    @action
    def one(a):
        raise NotImplementedError

    @action
    def two(*, b):
        raise NotImplementedError

    flow = DotFlow()
    flow.task.add([ran.step(), one, two])
    refused(flow, "'one'", "'a'", "'two'", "'b'")


def test_the_name_of_a_task_it_does_not_depend_on(ran):
    """A parameter named after another task says what to write into depends_on."""

    @action
    def other():
        raise NotImplementedError

    @action
    def report(other, first):
        raise NotImplementedError

    flow = DotFlow()
    flow.task.add(ran.step())
    flow.task.add(other, depends_on=[])
    flow.task.add(report, depends_on=other)
    refused(flow, "depends_on=['other', 'first']")


def test_the_task_before_it_gives_no_name(ran):
    """The order of the tasks alone gives a previous context, and no value by name."""

    @action
    def report(first):
        raise NotImplementedError

    flow = DotFlow()
    flow.task.add([ran.step(), report])
    refused(flow, "depends_on=['first']")


def test_what_has_a_default_is_not_required():
    """A parameter with a default, and one that is provided, bind."""

    @action
    def one():
        return 1

    @action
    def two(one, unknown=5, *rest, other=6, **more):
        return one + unknown + other

    flow = DotFlow()
    flow.task.add(one)
    flow.task.add(two, depends_on=one)
    flow.start()
    assert flow.result_storage() == [1, 12]


def test_groups_maps_and_sub_workflows(ran):
    """A task of a group, a mapped one and one of a sub-workflow are checked alike."""

    @action
    def wrong(missing):
        raise NotImplementedError

    groups = DotFlow()
    groups.task.add(ran.step(), group_name="one")
    groups.task.add(wrong, group_name="two")
    refused(groups, "'wrong'", "'missing'")

    mapped = DotFlow()
    mapped.task.add(ran.step())
    mapped.task.add(action(lambda itm: itm), map_over="first", name="each")
    refused(mapped, "'each'", "'itm'", "'item'")

    inner = DotFlow()
    inner.task.add([ran.step(), wrong])
    outer = DotFlow()
    outer.task.add(inner, name="whole")
    refused(outer, "'whole/wrong'", "'missing'")

    each = DotFlow()
    each.task.add(ran.step())
    with pytest.raises(GraphError, match="'missing'"):
        each.task.add(inner, name="whole", map_over="first")


def test_a_mapped_step_takes_the_item_by_its_names():
    """`item`, `index` and the name of the task it maps over are provided."""

    @action
    def numbers():
        return [1, 2]

    @action
    def each(item, index, numbers):
        return (item, index, numbers)

    flow = DotFlow()
    flow.task.add(numbers)
    flow.task.add(each, map_over=numbers)
    flow.start()
    assert flow.result_storage()[1] == [(1, 0, 1), (2, 1, 2)]


def test_the_constructor_and_the_methods_of_a_class(ran):
    """A class-based step is checked with its constructor and all its methods."""

    @action
    class Made:
        def __init__(self, rate):
            raise NotImplementedError

        @action
        def run(self):
            raise NotImplementedError

    @action
    class Methods:
        @action
        def fine(self, previous_context):
            raise NotImplementedError

        @action
        def broken(self, value):
            raise NotImplementedError

    for step, words in ((Made, ("'Made'", "'rate'")), (Methods, ("broken", "'value'"))):
        flow = DotFlow()
        flow.task.add([ran.step(), step])
        refused(flow, *words)


def test_a_wrapper_may_fill_what_it_does_not_hand_on():
    """What a wrapper gives by itself is not missed; what is misspelt behind it is."""

    def with_database(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function("database", *args, **kwargs)

        return wrapper

    @action
    @with_database
    def fine(database, previous_context):
        return database, previous_context.storage

    flow = DotFlow()
    flow.task.add(fine)
    flow.start()
    assert flow.result_storage() == [("database", None)]

    def plain(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            raise NotImplementedError

        return wrapper

    @action
    @plain
    def wrong(previus_context):
        raise NotImplementedError

    flow = DotFlow()
    flow.task.add(wrong)
    refused(flow, "'previus_context'", "'previous_context'")


def test_a_builtin_that_asks_for_something():
    """A builtin with a required parameter is refused, one without any runs."""
    flow = DotFlow()
    flow.task.add(action(len))
    refused(flow, "'len'", "'obj'")
    flow = DotFlow()
    flow.task.add(action(dict))
    flow.start()
    assert flow.result_storage() == [{}]


def test_a_task_that_is_run_alone(tmp_path, ran):
    """One task in a process of its own is checked like all of a run."""
    from dotflow import Config
    from dotflow.providers import StorageSQLite
    from dotflow.workflow.single_task import run_task

    @action
    def report(missing):
        raise NotImplementedError

    flow = DotFlow(Config(storage=StorageSQLite(tmp_path / "runs.db")), workflow_id="a")
    flow.task.add(report)
    with pytest.raises(GraphError, match="'missing'"):
        run_task(flow, "report", run_id="a")


def test_a_pipeline_refuses_a_class_method_where_it_is_written():
    """`@pipeline.task()` above `@classmethod` or a property says how to declare it."""
    pipeline = Pipeline("shop")
    with pytest.raises(Exception, match=r"classmethod .*name.*pipeline\.task\(\)\("):

        class _Shop:
            @pipeline.task()
            @classmethod
            def name(cls):
                raise NotImplementedError

    with pytest.raises(Exception, match="property"):
        pipeline.task()(property(lambda self: 1))


def test_a_pipeline_calls_a_wrapper_with_what_it_takes():
    """A wrapper with fewer parameters than what it wraps is asked for its own."""

    def doubled(function):
        @functools.wraps(function)
        def wrapper(one):
            return function(one, 2)

        return wrapper

    pipeline = Pipeline("shop")

    @pipeline.task()
    def one():
        return 1

    @pipeline.task()
    @doubled
    def times(one, factor):
        return one * factor

    assert pipeline.run()["tasks"]["times"]["result"] == 2


def test_a_pipeline_tells_what_was_meant():
    """A parameter that is nearly the name of a task is told where it is written."""
    pipeline = Pipeline("shop")
    pipeline.task("extract")(lambda: 1)
    with pytest.raises(GraphError, match=r"'load' requires 'extrct'.*'extract'"):

        @pipeline.task()
        def load(extrct):
            raise NotImplementedError

    with pytest.raises(GraphError, match="Did you mean 'extract'"):
        pipeline.override_tasks(extract=lambda extracted: extracted)


def test_a_schedule_is_refused_before_its_first_tick(ran):
    """`schedule()` checks the steps at once, rather than at every tick."""

    class Never(Scheduler):
        def start(self, workflow, **kwargs):
            raise NotImplementedError

        def stop(self):
            raise NotImplementedError

    flow = DotFlow(Config(scheduler=Never()))
    flow.task.add([ran.step(), action(lambda prev: prev, retry=2)])
    with pytest.raises(GraphError, match="'prev'"):
        flow.schedule()


@pytest.mark.parametrize("limit", [5, "", b"db", ["db"], True])
def test_the_name_of_a_limit_is_a_text(limit):
    """A limit that is no text is refused where it is written."""
    for declare in (action, Pipeline("p").task):
        with pytest.raises(InvalidTask, match="limit="):
            declare(limit=limit)(lambda: 1)
