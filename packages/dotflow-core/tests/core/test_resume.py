"""Resume: what is restored, what runs again, with each storage that persists."""

from __future__ import annotations

import pytest

from dotflow import Config, DotFlow, action
from dotflow.providers import StorageFile, StorageSQLite

pytestmark = pytest.mark.start_methods


@pytest.fixture(params=["file", "sqlite"])
def storage(request, tmp_path):
    """Make one storage object after the other on the same files."""

    def make():
        if request.param == "file":
            return StorageFile(path=tmp_path / "out")
        return StorageSQLite(tmp_path / "runs.db")

    return make


class Script:
    """A script that is run again and again, as in new processes: new objects each time.

    Its steps are the functions given by name; `ran` notes those that ran.
    """

    def __init__(self, storage, notify=None, **steps):
        self.storage, self.notify, self.steps = storage, notify, steps
        self.ran = []

    def start(self, initial=None, callback=None, **options):
        self.ran = []
        config = Config(storage=self.storage(), notify=self.notify)
        workflow = DotFlow(config=config, workflow_id="nightly")
        for name, function in self.steps.items():
            more = {} if callback is None else {"callback": callback}
            workflow.task.add(
                self._noting(name, function), initial_context=initial, name=name, **more
            )
        workflow.start(**options)
        config.storage.close()
        self.workflow = workflow
        return workflow.result_storage()

    def _noting(self, name, function):
        def step(previous_context):
            self.ran.append(name)
            return function(previous_context.storage)

        return action(step)

    @property
    def statuses(self):
        return [task.status for task in self.workflow.result_task()]


def broken(_):
    raise ValueError("not yet")


def test_a_resume_goes_on_where_the_run_failed(storage):
    """Completed tasks are restored with their values, the failed one runs again."""
    script = Script(storage, a=lambda _: 1, b=broken, c=lambda p: p + 10)
    script.start()
    assert script.statuses == ["Completed", "Failed", "Not started"]
    script.steps["b"] = lambda p: p + 1
    assert script.start(resume=True) == [1, 2, 12]
    assert script.ran == ["b", "c"]
    assert script.statuses == ["Completed"] * 3


@pytest.mark.parametrize("value", [None, 0, "", [], False, {}, 0.0, b"", ()], ids=repr)
def test_falsy_results_count_as_completed(storage, value):
    """A task that returned something falsy is not run again, and its value comes back."""
    script = Script(storage, a=lambda _: value, b=broken)
    script.start()
    script.steps["b"] = lambda p: ("saw", p)
    assert script.start(resume=True) == [value, ("saw", value)]
    assert script.ran == ["b"]
    restored = script.workflow.result_storage()[0]
    assert type(restored) is type(value)


def test_a_resume_of_a_complete_run_runs_nothing(storage):
    """All is restored, and `on_success` is called."""
    heard = []
    script = Script(storage, a=lambda _: 1, b=lambda p: p + 1)
    script.start()
    values = script.start(
        resume=True, on_success=lambda tasks: heard.append(len(tasks))
    )
    assert values == [1, 2]
    assert script.ran == []
    assert heard == [2]


def test_a_resume_without_an_earlier_run_runs_everything(storage):
    """With nothing stored a resume is a start."""
    script = Script(storage, a=lambda _: 1, b=lambda p: p + 1)
    assert script.start(resume=True) == [1, 2]
    assert script.ran == ["a", "b"]


def test_a_start_without_resume_runs_everything(storage):
    """Checkpoints are ignored unless a resume is asked for."""
    script = Script(storage, a=lambda _: 1)
    script.start()
    script.start()
    assert script.ran == ["a"]


def test_a_fresh_start_leaves_no_old_checkpoint_to_resume(storage):
    """After a new run failed, its resume takes nothing from the run before it."""
    script = Script(storage, a=lambda _: "old", b=lambda _: "old", c=lambda _: "old")
    script.start()
    script.steps.update(a=lambda _: "new", b=broken)
    script.start()
    script.steps.update(b=lambda _: "new", c=lambda _: "new")
    assert script.start(resume=True) == ["new"] * 3
    assert script.ran == ["b", "c"]


def test_a_resume_can_be_resumed(storage):
    """A run that fails again goes on from there at the next resume."""
    script = Script(storage, a=lambda _: 1, b=broken, c=broken)
    script.start()
    script.steps["b"] = lambda p: p + 1
    script.start(resume=True)
    assert script.statuses == ["Completed", "Completed", "Failed"]
    script.steps["c"] = lambda p: p + 1
    assert script.start(resume=True) == [1, 2, 3]
    assert script.ran == ["c"]


def test_an_interrupted_run_is_resumed(storage):
    """A Ctrl-C in a task loses what that task did, nothing else."""

    def interrupted(_):
        raise KeyboardInterrupt

    script = Script(storage, a=lambda _: 1, b=interrupted, c=lambda p: p + 1)
    with pytest.raises(KeyboardInterrupt):
        script.start()
    script.steps["b"] = lambda p: p + 1
    assert script.start(resume=True) == [1, 2, 3]
    assert script.ran == ["b", "c"]


@pytest.mark.parametrize("mode", ["parallel", "background", "sequential_group"])
def test_every_mode_resumes(storage, mode):
    """A task that is restored does not run, whatever the mode."""
    script = Script(storage, a=lambda _: 1, b=lambda _: 2)
    script.start()
    workflow = DotFlow(config=Config(storage=storage()), workflow_id="nightly")
    for name in "ab":
        workflow.task.add(action(lambda: broken(None)), name=name)
    workflow.start(resume=True, mode=mode).wait()
    assert workflow.result_storage() == [1, 2]


def test_what_is_restored_is_told_as_completed(storage, notify):
    """A notifier hears `Completed` of a restored task, and nothing of it running."""
    script = Script(storage, notify, a=lambda _: 1, b=broken)
    script.start()
    notify.heard.clear()
    script.start(resume=True)
    assert notify.of("a") == ["Not started", "Completed"]
    assert notify.of("b") == ["Not started", "In progress", "Failed"]


def test_callbacks_of_restored_tasks_are_not_called_again(storage):
    """The callback of a task is called in the run that ran it."""
    heard = []
    script = Script(storage, a=lambda _: 1, b=broken)
    script.start()
    script.start(resume=True, callback=lambda task: heard.append(task.name))
    assert heard == ["b"]


def test_resume_by_name_not_by_place(storage):
    """A task is recognised by its name, wherever it stands among others."""
    script = Script(storage, a=lambda _: 1, b=lambda _: 2)
    script.start(mode="threads")
    script.steps = {"new": lambda _: 0, "b": script.steps["b"], "a": script.steps["a"]}
    assert script.start(mode="threads", resume=True) == [0, 2, 1]
    assert script.ran == ["new"]


def test_a_task_may_have_any_name(storage):
    """No name, such as `_run`, clashes with what the engine keeps beside the tasks."""
    names = ["_run", "run", "~run", "_input_fp", "a-b", "../up", "ü b", "#2"]
    script = Script(storage, **dict.fromkeys(names, lambda p: (p or 0) + 1))
    script.start()
    assert script.start(resume=True) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert script.ran == []


def test_two_workflows_share_a_storage(storage):
    """Runs of two workflow ids do not see each other's checkpoints."""
    mine = Config(storage=storage())
    ran = []

    def start(identity, **options):
        workflow = DotFlow(config=mine, workflow_id=identity)
        workflow.task.add(action(lambda: ran.append(identity)), name="only")
        workflow.start(**options)

    start("one")
    start("one-more", resume=True)
    start("one", resume=True)
    assert ran == ["one", "one-more"]
