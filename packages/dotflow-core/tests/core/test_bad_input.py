"""Bad input: an error that says what to do, before any task runs."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from dotflow import Config, DotFlow, DotflowError, Pipeline, action
from dotflow.pipeline.dags import build_default_engine

ran = []


@action
def one():
    ran.append("one")


@action
def two():
    ran.append("two")


@pytest.fixture(autouse=True)
def nothing_has_run():
    """No task may have run, whatever was refused."""
    ran.clear()
    yield
    assert ran == []


def refuse(match, call, *arguments, **options):
    """Check that a call raises dotflow's own error with all of these texts."""
    with pytest.raises(DotflowError) as caught:
        call(*arguments, **options)
    for text in match:
        assert text in str(caught.value), str(caught.value)


def workflow_of(*steps, **options):
    workflow = DotFlow(**options)
    workflow.task.add(list(steps))
    return workflow


def test_an_undecorated_step():
    """A plain function says to decorate it, by its name, at `add`."""

    def plain():
        ran.append("plain")

    refuse(["plain", "decorated with '@action'"], workflow_of(one).task.add, plain)


@pytest.mark.parametrize("mode", ["serial", "", None, 3])
def test_an_unknown_mode(mode):
    """An unknown mode is repeated, with the modes that exist."""
    words = ["" if mode is None else repr(mode), "'sequential'", "'background'"]
    refuse(words, workflow_of(one).start, mode=mode)


@pytest.mark.parametrize(
    "path", ["no_such_module.step", "os.path.nothing", "os", "os.path:nothing"]
)
def test_a_path_that_does_not_exist(path):
    """A dotted path that leads nowhere is repeated, at `add`."""
    refuse([f"'{path}'"], workflow_of(one).task.add, path)


def test_a_cycle():
    """A cycle of `depends_on` is printed as the path around it."""
    workflow = DotFlow()
    workflow.task.add(one, name="a", depends_on="c")
    workflow.task.add(one, name="b", depends_on="a")
    workflow.task.add(one, name="c", depends_on="b")
    with pytest.raises(DotflowError) as caught:
        workflow.start()
    path = re.search(r"cycle: (.*)\.", str(caught.value)).group(1).split(" -> ")
    assert path[0] == path[-1]
    assert sorted(path[1:]) == ["a", "b", "c"]
    follows = {("a", "b"), ("b", "c"), ("c", "a")}
    assert set(pairwise(path)) == follows


def test_a_task_that_depends_on_itself():
    """The shortest cycle is one."""
    workflow = DotFlow()
    workflow.task.add(one, name="a", depends_on="a")
    refuse(["a -> a"], workflow.start)


def test_an_unknown_dependency():
    """An unknown name in `depends_on` names the task and the name that was meant."""
    workflow = DotFlow()
    workflow.task.add(one, name="extract")
    workflow.task.add(two, name="load", depends_on="extrakt")
    refuse(["'load'", "'extrakt'", "Did you mean 'extract'?"], workflow.start)


def test_every_problem_of_a_graph_at_once():
    """All unknown names are told in one error."""
    workflow = DotFlow()
    workflow.task.add(one, name="a", depends_on=["x", "y"])
    workflow.task.add(two, name="b", depends_on="z")
    refuse(["'x'", "'y'", "'z'"], workflow.start)


@pytest.mark.parametrize("upstream", [3, [None], lambda: None])
def test_a_dependency_of_a_wrong_type(upstream):
    """`depends_on` takes names, actions and tasks, and says so."""
    words = ["names, actions or tasks"]
    refuse(words, workflow_of(one).task.add, two, depends_on=upstream)


def test_an_ambiguous_dependency():
    """An action that was added twice is refused with the two names."""
    words = ["ambiguous", "'one'", "'one#2'"]
    refuse(words, workflow_of(one, one).task.add, two, depends_on=one)


def test_a_duplicate_name():
    """A name that is taken is refused at `add`."""
    workflow = DotFlow()
    workflow.task.add(one, name="extract")
    refuse(["'extract' is taken"], workflow.task.add, two, name="extract")


def test_a_name_for_several_steps():
    """One name for a list of steps is refused."""
    refuse(["one by one"], DotFlow().task.add, [one, two], name="extract")


@pytest.mark.parametrize("name", ["", 3, b"x"])
def test_a_name_that_is_no_text(name):
    """A name is a text that is not empty."""
    refuse([repr(name), "text"], DotFlow().task.add, one, name=name)


def test_a_provider_of_a_wrong_type():
    """A wrong provider names its argument and the ABC."""
    refuse(["'storage'", "dotflow.abc.storage.Storage"], Config, storage="file")


@pytest.mark.parametrize(
    "option",
    [
        {"retry": -1},
        {"retry": 2.5},
        {"retry": "3"},
        {"timeout": -1},
        {"timeout": "1"},
        {"timeout": float("nan")},
        {"retry_delay": -0.5},
        {"retry_delay": None},
        {"isolate": "no"},
        {"cache": []},
        {"backoff": 2.0},
        {"max_delay": -1},
        {"jitter": -0.1},
        {"jitter": 1.5},
        {"retry_on": 3},
        {"retry_on": ()},
        {"retry_on": "ValueError"},
        {"retry_on": (ValueError, int)},
        {"retry_on": ValueError("instance")},
    ],
    ids=str,
)
def test_an_option_of_an_action(option):
    """An option out of range is refused where it is written, with name and value."""
    ((name, value),) = option.items()
    refuse([f"@action({name}={value!r})", "give "], action, **option)


def test_an_action_of_what_is_not_callable():
    """`action(3)` says what it decorates."""
    refuse(["decorates a function or a class"], action, 3)


@pytest.mark.parametrize(
    "workflow_id", ["", " ", "a b", "../up", "a/b", "x" * 300, "tab\t", "-dash"]
)
def test_a_malformed_workflow_id(workflow_id):
    """A malformed id is refused when the workflow is made, with what an id may be."""
    words = [repr(workflow_id), "Use a UUID"]
    refuse(words, DotFlow, workflow_id=workflow_id)


@pytest.mark.parametrize("workflow_id", [3, b"id", ["id"]])
def test_a_workflow_id_of_a_wrong_type(workflow_id):
    """An id of another type is refused with its type."""
    with pytest.raises(TypeError, match=type(workflow_id).__name__):
        DotFlow(workflow_id=workflow_id)


def test_a_malformed_workflow_id_of_the_environment(monkeypatch):
    """The variable `WORKFLOW_ID` is checked as the argument is."""
    monkeypatch.setenv("WORKFLOW_ID", "a/b")
    refuse(["'a/b'", "Use a UUID"], DotFlow)


@pytest.mark.parametrize("policy", ["sometimes", "", None, "REUSE"])
def test_an_unknown_policy(policy):
    """An unknown `on_input_change` is repeated with those that exist."""
    words = [repr(policy), "'reuse', 'reset' or 'raise'"]
    refuse(words, workflow_of(one).start, on_input_change=policy)


@pytest.mark.parametrize("bound", [0, -1, 1.5, "4", True])
def test_a_bad_bound_on_workers(bound):
    """`max_parallel` is a whole number from 1 on."""
    words = [repr(bound), "1 or more"]
    refuse(words, workflow_of(one).start, mode="parallel", max_parallel=bound)


def test_a_resume_without_a_fixed_id():
    """`resume=True` on a random id says to fix the id, and does not start over."""
    words = ["workflow_id", "WORKFLOW_ID", "random"]
    refuse(words, workflow_of(one).start, resume=True)


def test_a_refused_start_leaves_the_workflow_usable():
    """After a refusal the same object can be started, more than once."""
    workflow = DotFlow()
    workflow.task.add(action(lambda: "fine"))
    for _ in range(2):
        refuse(["'serial'"], workflow.start, mode="serial")
        workflow.start(mode="background").wait()
        assert workflow.result_storage() == ["fine"]


def test_a_refused_start_tells_nobody(config, notify):
    """Providers hear nothing of a start that was refused."""
    workflow = workflow_of(one, config=config)
    refuse(["'serial'"], workflow.start, mode="serial")
    assert notify.heard == []


@pytest.mark.parametrize("value", [1, None, {}, 2.5, object()])
def test_a_step_that_was_called(value):
    """What a call of an action has returned is told as that."""
    add = workflow_of(one).task.add
    refuse(["Was the action called", type(value).__name__], add, value)


def test_a_coroutine_as_a_step():
    """An async action that was called is refused, and its coroutine closed."""

    @action
    async def fetch():
        raise NotImplementedError

    refuse(["'coroutine'", "without parentheses"], workflow_of(one).task.add, fetch())


def test_a_dependency_that_was_called():
    """`depends_on` and `map_over` say the same of what a call has returned."""
    add = workflow_of(one).task.add
    refuse(["int", "without parentheses"], lambda: add(two, depends_on=3))
    refuse(["int", "without parentheses"], lambda: add(two, map_over=3))


def test_misspelt_options():
    """A misspelt argument is told with the one that was meant."""
    flow = workflow_of(one)
    for call, name, meant in [
        (lambda: flow.task.add(two, dependson=one), "dependson", "depends_on"),
        (lambda: flow.task.add([two], calback=print), "calback", "callback"),
        (lambda: DotFlow(workflow="x"), "workflow", "workflow_id"),
        (lambda: DotFlow(confg=None), "confg", "config"),
        (lambda: Config(storge=None), "storge", "storage"),
        (lambda: Config(logs=None), "logs", "log"),
        (lambda: Pipeline("p", max_paralel=3), "max_paralel", "max_parallel"),
        (lambda: flow.start(keep_goin=True), "keep_goin", "keep_going"),
        (lambda: action(retrys=3), "retrys", "retry"),
    ]:
        refuse([repr(name), f"Did you mean {meant!r}?"], call)
        with pytest.raises(TypeError):
            call()
    assert len(flow.task) == 1


def test_a_misspelt_mode_is_told():
    """A misspelt mode is told with the one that was meant."""
    refuse(["Did you mean 'parallel'?"], workflow_of(one).start, mode="paralel")


def test_a_task_that_there_is_not():
    """`workflow.task["nope"]` names the tasks that there are, and is a KeyError."""
    flow = workflow_of(one, two)
    refuse(["'nope'", "'one', 'two'"], lambda: flow.task["nope"])
    refuse(["Did you mean 'two'?"], lambda: flow.task["tow"])
    with pytest.raises(KeyError, match=r"^There is no task"):
        flow.task["nope"]


@pytest.mark.parametrize("name", [5, None, "", b"p", ["p"]])
def test_a_pipeline_with_a_name_that_is_no_text(name):
    """The name of a pipeline, of a DAG and of a task is a text."""
    refuse(["name=", "text"], Pipeline, name)
    refuse(["name=", "text"], build_default_engine().dag, name)
    if name is not None:
        refuse(["name=", "text"], Pipeline("p").task(name), lambda: 1)


def test_an_address_where_a_path_is_expected(tmp_path):
    """A storage of a path says what to write instead of an address."""
    from dotflow.providers import StorageFile, StorageSQLite
    from dotflow.providers.storage_url import storage_from_url

    refuse(["StorageSQLite('x.db')"], StorageSQLite, "sqlite:///x.db")
    refuse(["StorageFile('runs')"], StorageFile, "file:///runs")
    refuse(["StorageFile('runs')"], StorageFile, path="file:runs")
    for storage in (StorageSQLite, StorageFile):
        with pytest.raises(DotflowError, match="storage_from_url") as caught:
            storage("postgresql://user:secret@host/db")
        assert "secret" not in str(caught.value)
    assert storage_from_url(f"sqlite:///{tmp_path}/x.db").path.name == "x.db"


def test_nothing_of_memory_to_resume():
    """`resume=True` without a storage says what it needs; one that was chosen may do."""
    from dotflow.providers import StorageDefault

    flow = workflow_of(one, workflow_id="memory")
    refuse(["StorageDefault", "StorageSQLite"], flow.start, resume=True)
    chosen = Config(storage=StorageDefault())
    flow = DotFlow(chosen, workflow_id="memory")
    flow.task.add(action(lambda: 1))
    flow.start(resume=True)
    assert flow.result_storage() == [1]


def test_a_misspelt_level_of_the_environment(monkeypatch):
    """`DOTFLOW_LOG_LEVEL` is refused where it names no level."""
    monkeypatch.setenv("DOTFLOW_LOG_LEVEL", "WARNNG")
    refuse(["DOTFLOW_LOG_LEVEL", "Did you mean 'WARNING'?"], Config.from_env)
    monkeypatch.setenv("DOTFLOW_LOG_LEVEL", "LOUD")
    refuse(["DOTFLOW_LOG_LEVEL", "DEBUG, INFO"], Config.from_env)


def test_words_that_a_provider_does_not_know(tmp_path):
    """A codec, a level of safety and an output are told with those that exist."""
    from dotflow.providers import LogDefault, StorageFile, StorageSQLite

    for call, meant in [
        (lambda: StorageSQLite(tmp_path / "x.db", codec="jsn"), "'json'"),
        (lambda: StorageFile(tmp_path, codec="pickl"), "'pickle'"),
        (lambda: StorageSQLite(tmp_path / "x.db", synchronous="ful"), "'FULL'"),
        (lambda: LogDefault(output="consol"), "'console'"),
    ]:
        refuse([f"Did you mean {meant}?"], call)
        with pytest.raises(ValueError, match="use one of"):
            call()


def test_what_a_pipeline_shares_is_a_context():
    """A pipeline is given a RunContext, and says so where it is given anything else."""
    pipeline = Pipeline("p")
    pipeline.task("a")(lambda: ran.append("a"))
    refuse(["int", "context=RunContext("], pipeline.run, 5)
    refuse(["dict", "context=RunContext("], lambda: pipeline.run(context={"a": 1}))


def test_limits_by_other_than_names():
    """The name of a limit is a text, also where a run says how many may hold it."""
    refuse(["limit=3", "text"], lambda: workflow_of(one).start(limits={3: 3}))
