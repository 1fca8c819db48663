"""How tasks are declared: names, dependencies, and what is refused at once."""

from __future__ import annotations

import functools

import pytest

from dotflow import Pipeline, TaskRegistry, TaskSpec
from dotflow.errors import DotflowError
from dotflow.pipeline import task, task_template


def one():
    return 1


def test_a_task_stays_the_function_it_is(pipeline):
    """The decorator returns the function itself, so that it can be unit-tested."""
    assert pipeline.task()(one) is one
    assert pipeline.tasks["one"].func is one


def test_the_decorator_is_called(pipeline):
    """A decorator without brackets says how to write it."""
    with pytest.raises(TypeError, match=r"@pipeline\.task\(\)"):
        pipeline.task(one)


def test_dependencies_by_name_function_and_parameter(pipeline):
    """A dependency is a name, a decorated function, or a parameter named after one."""
    pipeline.task()(one)

    @pipeline.task(deps=["one"])
    def by_name(): ...

    @pipeline.task(deps=[one])
    def by_function(): ...

    @pipeline.task()
    def by_parameter(one): ...

    assert pipeline.dependencies == {
        "one": [],
        "by_name": ["one"],
        "by_function": ["one"],
        "by_parameter": ["one"],
    }


def test_only_required_parameters_are_inferred(pipeline, results):
    """A parameter with a default is no dependency unless deps says so."""
    pipeline.task()(one)
    pipeline.task(name="left_alone")(lambda one=5: one)
    pipeline.task(name="asked_for", deps=["one"])(lambda one=5: one)
    assert results(pipeline) == {"one": 1, "left_alone": 5, "asked_for": 1}


def test_a_forward_reference_is_resolved_at_the_run(pipeline, results):
    """A name may be declared before the task it means."""

    @pipeline.task(deps=["one"])
    def double(one):
        return 2 * one

    pipeline.task()(one)
    assert results(pipeline)["double"] == 2


def test_a_parameter_may_be_named_after_the_function(pipeline, results):
    """A task renamed by name= is still known to parameters by its function's name."""
    pipeline.task(name="the-one")(one)
    pipeline.task(name="double", deps=[one])(lambda one: 2 * one)
    assert results(pipeline)["double"] == 2


def test_aliases(pipeline, results):
    """A mapping gives dependencies the names that the parameters have."""
    pipeline.task(name="the-one")(one)
    pipeline.task(name="two")(lambda: 2)
    pipeline.task(name="sum", deps={"a": "the-one", "b": "two"})(lambda a, b: a + b)
    assert results(pipeline)["sum"] == 3
    assert pipeline.dependencies["sum"] == ["the-one", "two"]


def test_duplicates_are_refused(pipeline):
    """A name is taken once in a pipeline, and again in another one."""
    pipeline.task()(one)
    with pytest.raises(ValueError, match="a task 'one' in 'p' already"):
        pipeline.task()(one)
    Pipeline("other").task()(one)


def test_a_parameter_nobody_provides_is_refused(pipeline):
    """A required parameter that nothing provides is refused where it is declared."""
    with pytest.raises(ValueError, match="'x', which nothing provides"):
        pipeline.task()(lambda x: x)
    with pytest.raises(ValueError, match="takes `upstream`"):
        pipeline.task(deps=["one"])(lambda upstream, one: one)
    assert pipeline.tasks == {}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"deps": [3]}, TypeError),
        ({"deps": "one"}, TypeError),
        ({"deps": one}, TypeError),
        ({"retries": -1}, ValueError),
        ({"retries": 1.5}, ValueError),
        ({"timeout_s": 0}, ValueError),
        ({"timeout_s": -1}, ValueError),
        ({"timeout_s": "1"}, ValueError),
    ],
)
def test_bad_arguments(pipeline, options, error):
    """An argument out of range, or of a wrong type, is refused by name."""
    with pytest.raises(error, match="one") as caught:
        pipeline.task(**options)(one)
    if error is ValueError:
        assert isinstance(caught.value, DotflowError)


def test_bad_numbers_of_a_pipeline():
    """The bounds of a pipeline are whole numbers from 1 on."""
    for name in ("max_parallel", "max_workers"):
        for value in (0, -1, 1.5, True):
            with pytest.raises(ValueError, match=name):
                Pipeline("p", **{name: value})


def test_what_has_no_name_needs_one(pipeline, results):
    """A partial is a task once it is given a name."""
    with pytest.raises(TypeError, match="name="):
        pipeline.task()(functools.partial(max, 1, 2))
    pipeline.task(name="largest")(functools.partial(max, 1, 2))
    assert results(pipeline) == {"largest": 2}


def test_a_task_spec_says_what_was_declared(pipeline):
    """A spec is frozen, and describes the task and what it asks for."""
    pipeline.task()(one)

    @pipeline.task(retries=2, timeout_s=3.0)
    async def two(one): ...

    spec = pipeline.tasks["two"]
    assert (spec.name, spec.func, spec.deps, spec.dag) == ("two", two, ["one"], "p")
    assert (spec.retries, spec.timeout_s, spec.is_async()) == (2, 3.0, True)
    assert (spec.named_deps, spec.accepts_context) == (["one"], False)
    assert (spec.accepts_upstream, spec.requires_context) == (False, False)
    with pytest.raises(AttributeError):
        spec.name = "other"


def test_a_registry_by_hand():
    """A registry is a container of specs: register, get, iterate, clear."""
    registry = TaskRegistry()
    registry.register(TaskSpec("a", one))
    task("b", registry=registry)(one)
    assert registry.get("a").func is registry["b"].func is one
    assert (list(registry), len(registry), "a" in registry) == (["a", "b"], 2, True)
    assert set(registry.task_specs) == {"a", "b"}
    with pytest.raises(KeyError):
        registry.get("c")
    with pytest.raises(ValueError, match="'a'"):
        registry.register(TaskSpec("a", one))
    with pytest.raises(TypeError, match="registry"):
        task("c")
    registry.clear()
    assert len(registry) == 0


def test_templates(pipeline, results):
    """One function becomes several tasks, each with its own name and dependencies."""

    @task_template(retries=2)
    def double(value):
        return 2 * value

    pipeline.task(name="value")(lambda: 1)
    first = double.bind("first", to=pipeline, deps={"value": "value"})
    double.bind("second", to=pipeline, deps={"value": first}, retries=0)
    assert results(pipeline) == {"value": 1, "first": 2, "second": 4}
    assert [spec.retries for spec in pipeline.tasks.values()] == [0, 2, 0]
    assert double(5) == 10


def test_what_another_revision_has_found_out_of_a_function():
    """A task that was pickled with what an older dotflow knew of it finds it out anew."""
    spec = TaskSpec("one", one)
    state = {**vars(spec), "binding": object()}
    again = TaskSpec.__new__(TaskSpec)
    again.__setstate__(state)
    assert again.binding == spec.binding
