"""What a pipeline tells of its runs: history, tracers, notifiers, logs."""

from __future__ import annotations

import asyncio
import threading

import pytest
from surrounding import CURRENT, Surrounding

from dotflow import Config, DotFlow, Pipeline, RunContext, SQLiteStateStore, action
from dotflow.abc.history import RunNotFound
from dotflow.pipeline import JsonSerializer, StorageStateStore
from dotflow.providers import ServerDefault, StorageDefault, StorageFile, StorageSQLite
from dotflow.testing import RecordingLog, RecordingNotify, RecordingTracer
from dotflow.testing.endpoint import recording_endpoint


def current():
    return CURRENT.get()


async def current_async():
    return CURRENT.get()


@pytest.fixture
def storage(tmp_path):
    storage = StorageSQLite(tmp_path / "runs.db")
    yield storage
    storage.close()


def test_runs_are_in_the_history_of_the_storage(storage):
    """Pipelines and DotFlows stand in one history, pipelines under their name."""
    pipeline = Pipeline("etl", storage=storage)

    @pipeline.task(retries=1)
    async def extract(context: RunContext):
        if not context.deps:
            context.deps.append(1)
            raise ValueError("not yet")
        return [1, 2]

    @pipeline.task(map=extract)
    def double(item):
        return 2 * item

    @pipeline.task(deps=[double])
    def load(upstream):
        raise KeyError("no table")

    @pipeline.task()
    def report(load):
        return None

    run_id = pipeline.run(RunContext([]).with_metadata(batch=7))["run_id"]
    workflow = DotFlow(Config(storage=storage), "flow")
    workflow.task.add(action(current))
    workflow.start()

    newest, run = storage.history.runs()
    assert newest.workflow_id == "flow"
    assert (run.run_id, run.workflow_id, run.name) == (run_id, "etl", "etl")
    assert (run.status, run.mode, run.tasks) == ("Failed", "async", 4)
    assert run.finished is not None
    found = storage.history.run(run_id)
    assert found.metadata == {"batch": 7}
    states = {task.name: (task.status, len(task.attempts)) for task in found.tasks}
    assert states == {
        "extract": ("Completed", 2),
        "double": ("Completed", 1),
        "load": ("Failed", 1),
        "report": ("Skipped", 0),
    }
    assert found.tasks[1].upstream == ("extract",)
    assert [run.run_id for run in storage.history.runs(workflow_id="etl")] == [run_id]


def test_a_resumed_run_in_the_history(storage):
    """The history tells which run a resumed one went on from, and what was restored."""
    pipeline = Pipeline("etl", storage=storage)
    broken = [True]
    pipeline.task(name="first")(lambda: 1)

    @pipeline.task()
    def second(first):
        if broken:
            raise ValueError(first)

    first = pipeline.run()["run_id"]
    broken.clear()
    again = asyncio.run(pipeline.resume(first))
    found = storage.history.run(again)
    assert (found.status, found.resumed_from) == ("Completed", first)
    assert [task.restored for task in found.tasks] == [True, False]


def test_a_cancelled_run_in_the_history(storage):
    """A run that its deadline has ended is there as cancelled."""
    pipeline = Pipeline("etl", storage=storage)

    @pipeline.task()
    async def wait():
        await asyncio.Event().wait()

    run_id = pipeline.run(deadline=0.2)["run_id"]
    found = storage.history.run(run_id)
    assert (found.status, found.tasks[0].status) == ("Cancelled", "Cancelled")


class Bucket(StorageSQLite):
    """A storage as in a bucket: each look for a request costs."""

    shared = False


@pytest.mark.parametrize("front_end", ["pipeline", "workflow"])
def test_a_run_in_a_bucket_is_cancelled(tmp_path, monkeypatch, front_end):
    """A run whose storage is a bucket hears, too, that another process ends it."""
    monkeypatch.setattr("dotflow.engine.control.SELDOM_SECONDS", 0.05)
    begun, runs = threading.Event(), []

    def wait():
        begun.set()
        while True:
            threading.Event().wait(0.01)

    def make():
        storage = Bucket(tmp_path / "runs.db")
        if front_end == "pipeline":
            made = Pipeline("slow", storage=storage)
            made.task()(wait)
            return made, lambda: made.run()["status"]
        made = DotFlow(Config(storage=storage), workflow_id="slow")
        made.task.add(action(wait))
        return made, lambda: made.start(mode="background").wait() and None

    thread = threading.Thread(target=lambda: runs.append(make()[1]()))
    thread.start()
    assert begun.wait(30)
    other, _ = make()
    history = Bucket(tmp_path / "runs.db").history
    [run] = history.runs()
    if front_end == "pipeline":
        other.cancel(run.run_id, "enough")
    else:
        other.cancel("enough")
    thread.join(30)
    assert [run.status for run in history.runs()] == ["Cancelled"]


def test_a_storage_in_a_file_makes_runs_durable(storage):
    """With a StorageSQLite, and no state store, another process can resume a run."""
    pipeline = Pipeline("etl", storage=storage)
    pipeline.task(name="first")(lambda: {1, 2})
    run_id = pipeline.run()["run_id"]
    pipeline.close()
    assert pipeline.get_run_report(run_id)["status"] == "SUCCESS"
    again = Pipeline("etl", storage=StorageSQLite(storage.path))
    assert again.get_run_report(run_id)["tasks"]["first"]["result"] == {1, 2}
    assert isinstance(again.state_store, SQLiteStateStore)
    assert not isinstance(Pipeline("p").state_store, SQLiteStateStore)
    in_memory = Pipeline("p", storage=StorageDefault())
    assert not isinstance(in_memory.state_store, SQLiteStateStore)


def test_a_history_that_fails_does_not_fail_the_run(caplog):
    """A run goes on where its history cannot be written, with a warning."""

    class Broken(StorageDefault):
        @property
        def history(self):
            raise OSError("no disk")

    pipeline = Pipeline("p", storage=Broken())
    pipeline.task(name="a")(lambda: 1)
    assert pipeline.run()["status"] == "SUCCESS"
    assert "no disk" in caplog.text


def test_what_a_tracer_puts_around_attempts():
    """A task runs inside what the tracer puts around it: in the loop, threads, processes."""
    pipeline = Pipeline("p", config=Config(tracer=Surrounding()))
    pipeline.task(name="thread")(current)
    pipeline.task(name="loop")(current_async)
    pipeline.task(name="process", process=True)(current)
    tasks = pipeline.run()["tasks"]
    assert {name: task["result"] for name, task in tasks.items()} == {
        "thread": "thread",
        "loop": "loop",
        "process": "process",
    }
    assert CURRENT.get() == "nothing"


def test_the_providers_of_a_config_are_told():
    """Tracer, notifier and log hear of a pipeline's run as of a DotFlow's."""
    tracer, notify, log = RecordingTracer(), RecordingNotify(), RecordingLog()
    config = Config(tracer=tracer, notify=notify, log=log)
    pipeline = Pipeline("p", config=config)
    pipeline.task(name="good")(lambda: 1)
    pipeline.task(name="bad")(lambda: 1 / 0)
    pipeline.run()
    workflow = [event[0] for event in tracer.events]
    assert workflow[0] == "start_workflow"
    assert workflow[-1] == "end_workflow"
    assert workflow.count("start_task") == workflow.count("end_task") == 2
    assert notify.events
    assert log.events


@pytest.mark.parametrize("how", ["config", "environment"])
def test_a_server_is_told_as_of_a_workflow(how, monkeypatch):
    """A server hears of each run by its own id: registered, then each status."""
    with recording_endpoint() as endpoint:
        if how == "config":
            config = Config(server=ServerDefault(endpoint.url, "token"))
            pipeline = Pipeline("etl", config=config)
        else:
            monkeypatch.setenv("SERVER_BASE_URL", endpoint.url)
            monkeypatch.setenv("SERVER_USER_TOKEN", "token")
            pipeline = Pipeline("etl")
        pipeline.task(name="extract")(lambda: [1, 2])

        @pipeline.task(deps=["extract"])
        def load(extract):
            raise ValueError("no table")

        pipeline.override_tasks(load=1).run()
        ids = [pipeline.run()["run_id"] for _ in range(2)]
        endpoint.wait_for(18)
    assert len(endpoint.requests) == 18
    for run_id in ids:
        path = f"/cli/workflows/{run_id}"
        calls = [
            (call.method, call.path.removeprefix(path), call.json())
            for call in endpoint.requests
            if run_id in call.path or call.json().get("workflow_id") == run_id
        ]
        assert calls[0][:2] == ("POST", "/cli/workflows")
        assert [call[:2] for call in calls[1:4]] == [
            ("POST", "/tasks"),
            ("POST", "/tasks"),
            ("PATCH", ""),
        ]
        names = {task["task_id"]: task["name"] for _, _, task in calls[1:3]}
        assert list(names.values()) == ["extract", "load"]
        ended = {
            names[path.rpartition("/")[2]]: task["status"]
            for method, path, task in calls[3:-1]
            if method == "PATCH" and path
        }
        assert ended == {"extract": "Completed", "load": "Failed"}
        assert calls[-1][1:] == ("", {"status": "Failed"})


def test_no_provider_hears_of_overridden_tasks():
    """A pipeline with replaced tasks is a test: nobody is notified of it."""
    notify = RecordingNotify()
    pipeline = Pipeline("p", config=Config(notify=notify))
    pipeline.task(name="a")(lambda: 1)
    pipeline.override_tasks(a=2).run()
    assert notify.events == []
    pipeline.subgraph(["a"]).run()
    assert notify.events


def test_old_runs_are_forgotten(tmp_path):
    """`keep_runs` bounds what a state store keeps; runs that go on are not counted out."""
    store = SQLiteStateStore(tmp_path / "runs.db", keep_runs=2)
    pipeline = Pipeline("p", state_store=store)
    pipeline.task(name="source")(lambda: [1, 2])

    @pipeline.task(map="source")
    def fails_once(item):
        if item == 2:
            raise ValueError

    store.create_run("00000000000000000000000000", "p", ["source"])
    ids = [pipeline.run()["run_id"] for _ in range(4)]
    kept = [run.run_id for run in store.list_runs()]
    assert kept == [ids[3], ids[2], "00000000000000000000000000"]
    for table in ("pipeline_tasks", "pipeline_items"):
        rows = store._database.execute(f"SELECT DISTINCT run_id FROM {table}")
        assert {run for (run,) in rows} <= set(kept)
    assert pipeline.get_run_report(ids[3])["status"] == "FAILED"
    with pytest.raises(KeyError):
        pipeline.get_run_report(ids[0])
    store.close()


@pytest.mark.parametrize("where", ["sqlite", "files"])
def test_a_state_store_has_a_history(where, tmp_path):
    """Whoever gives only a place for runs finds their history and caches there as well."""
    storage = StorageSQLite(tmp_path / "runs.db")
    store = SQLiteStateStore(storage.path)
    if where == "files":
        storage = StorageFile(path=tmp_path)
        store = StorageStateStore(storage)
    ran = []
    for config in (None, Config(notify=RecordingNotify())):
        pipeline = Pipeline("p", state_store=store, config=config)

        @pipeline.task(cache=True, cache_key=lambda **_: "greet")
        def greet():
            ran.append(1)

        run_id = pipeline.run()["run_id"]
        assert storage.history.run(run_id).status == "Completed"
    assert ran == [1]
    store.close()


def test_a_state_store_beside_another_storage(tmp_path):
    """A storage that was given stays; results in a user's own form have no history."""

    class Own(JsonSerializer):
        pass

    memory = StorageDefault()
    for serializer, storage in ((None, memory), (Own(), None)):
        store = SQLiteStateStore(tmp_path / "runs.db", serializer)
        pipeline = Pipeline("p", state_store=store, storage=storage)
        pipeline.task(name="a")(lambda: 1)
        run_id = pipeline.run()["run_id"]
        assert pipeline.storage is (storage or pipeline.storage)
        with pytest.raises(RunNotFound):
            StorageSQLite(store.path).history.run(run_id)
        store.close()


def test_runs_grow_old(tmp_path):
    """`keep_days` forgets what began longer ago, when the next run ends."""
    store = SQLiteStateStore(tmp_path / "runs.db", keep_days=1)
    pipeline = Pipeline("p", state_store=store)
    pipeline.task(name="a")(lambda: 1)
    old, new = (pipeline.run()["run_id"] for _ in range(2))
    store._database.execute(
        "UPDATE pipeline_runs SET created_at = created_at - 90000 WHERE run_id = ?",
        (old,),
    )
    newest = pipeline.run()["run_id"]
    assert [run.run_id for run in store.list_runs()] == [newest, new]
    store.close()


@pytest.mark.parametrize(
    "options", [{"keep_runs": 0}, {"keep_runs": -1}, {"keep_days": 0}]
)
def test_a_retention_out_of_range_is_refused(tmp_path, options):
    """A store that would forget the run that just ended cannot be made."""
    with pytest.raises(ValueError, match=next(iter(options))):
        SQLiteStateStore(tmp_path / "runs.db", **options)
