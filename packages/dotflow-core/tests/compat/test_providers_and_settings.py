"""Config, providers, settings and small helpers as users of dotflow 1.x know them."""

from __future__ import annotations

import json
import logging
import threading
import time

import pytest

from dotflow import Config, Context, DotFlow, DotflowError, action
from dotflow.abc.storage import Storage
from dotflow.core.config_file import (
    clear_cloud_config,
    config_path,
    load_cloud_config,
    resolve,
    save_cloud_config,
)
from dotflow.core.exception import NotCallableObject
from dotflow.core.fingerprint import (
    FP_KEY_SUFFIX,
    fingerprint_of,
    fp_key,
    read_fingerprint,
    write_fingerprint,
)
from dotflow.core.module import Module
from dotflow.providers import (
    LogDefault,
    MetricsDefault,
    NotifyDefault,
    SchedulerDefault,
    ServerDefault,
    StorageDefault,
    StorageFile,
    TracerDefault,
)
from dotflow.settings import Settings

FAMILIES = {
    "storage": StorageDefault,
    "notify": NotifyDefault,
    "log": LogDefault,
    "server": ServerDefault,
    "scheduler": SchedulerDefault,
    "tracer": TracerDefault,
    "metrics": MetricsDefault,
}


@action
def one():
    return 1


@action
def broken():
    raise ValueError("no")


# Config


@pytest.mark.parametrize(("family", "default"), FAMILIES.items())
def test_each_family_has_its_default(family, default):
    """A provider that is not given is the default of its kind."""
    assert isinstance(getattr(Config(), family), default)


@pytest.mark.parametrize(("family", "default"), FAMILIES.items())
def test_a_provider_that_is_given_is_taken(family, default):
    """By its name."""
    given = default()
    assert getattr(Config(**{family: given}), family) is given


@pytest.mark.parametrize("value", [5, "x", object(), object])
@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_no_provider_is_refused(family, value):
    """With the name of the argument."""
    with pytest.raises(NotCallableObject, match=family):
        Config(**{family: value})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_class_is_no_provider(family):
    """Nor one that was forgotten to be called; the message says so."""
    with pytest.raises(NotCallableObject, match="call it"):
        Config(**{family: FAMILIES[family]})


# Storages


@pytest.fixture(params=["memory", "file"])
def storage(request, tmp_path):
    if request.param == "memory":
        return StorageDefault()
    return StorageFile(path=tmp_path)


@pytest.mark.parametrize(
    "value",
    [None, 0, "", [], {}, [1, 2], (1, 2), {1}, b"x", {"a": [None]}, {1: 2}, 1.5, "ü\n"],
)
def test_a_value_comes_back_as_it_was(storage, value):
    """Its type, too."""
    storage.post("k", Context(storage=value))
    found = storage.get("k").storage
    assert (found, type(found)) == (value, type(value))


def test_a_missing_key_is_an_empty_context(storage):
    """Not an error."""
    found = storage.get("nothing")
    assert isinstance(found, Context)
    assert found.storage is None


def test_a_second_post_replaces_the_first(storage):
    """A key has one value."""
    for number in (1, 2):
        storage.post("k", Context(storage=number))
    assert storage.get("k").storage == 2


def test_delete_tells_whether_there_was_something(storage):
    """True, then False."""
    storage.post("k", Context(storage=1))
    assert storage.delete("k")
    assert not storage.delete("k")
    assert storage.get("k").storage is None


def test_keys_are_listed_and_deleted_by_their_beginning(storage):
    """`list_keys(prefix)` and `delete_prefix(prefix)`."""
    for key in ("a-1", "a-2", "b-1"):
        storage.post(key, Context(storage=key))
    assert sorted(storage.list_keys("a-")) == ["a-1", "a-2"]
    assert storage.delete_prefix("a-") == 2
    assert list(storage.list_keys("")) == ["b-1"]


def test_clear_removes_what_is_of_a_workflow(storage):
    """All keys that begin with its id."""
    for key in ("w-1", "w2-1"):
        storage.post(key, Context(storage=1))
    storage.clear("w")
    assert list(storage.list_keys("")) == ["w2-1"]


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: Context(storage=v)])
def test_a_swap_compares_and_replaces(storage, wrap):
    """Values, as in 1.x, or contexts of them."""
    storage.post("k", Context(storage=1))
    assert not storage.atomic_swap("k", wrap(5), wrap(6))
    assert storage.atomic_swap("k", wrap(1), wrap(2))
    assert storage.get("k").storage == 2


def test_a_swap_of_nothing_makes_the_key_once(storage):
    """`None` is expected where there is no such key."""
    assert storage.atomic_swap("k", None, 1)
    assert not storage.atomic_swap("k", None, 2)


def test_a_swap_lets_one_of_many_through(tmp_path):
    """Threads and objects that count in one file lose nothing."""

    def count():
        storage = StorageFile(path=tmp_path)
        for _ in range(10):
            while True:
                now = storage.get("k").storage
                if storage.atomic_swap("k", now, (now or 0) + 1):
                    break

    StorageFile(path=tmp_path).post("k", Context(storage=0))
    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert StorageFile(path=tmp_path).get("k").storage == 30


def test_a_value_with_a_time_to_live_goes(storage):
    """And a later post without one stays."""
    storage.post("k", Context(storage=1), ttl=0.01)
    while storage.get("k").storage is not None:
        time.sleep(0.005)
    storage.post("k", Context(storage=2))
    assert storage.get("k").storage == 2


def test_the_key_of_a_task_begins_with_the_workflow(storage):
    """`<workflow_id>-…`, which `clear` goes by."""
    flow = DotFlow(Config(storage=storage), workflow_id="w")
    flow.task.add(one)
    assert storage.key(flow.task.queue[0]).startswith("w-")


def test_files_are_below_tasks(tmp_path):
    """`StorageFile(path)` writes to `<path>/tasks`."""
    StorageFile(path=tmp_path).post("k", Context(storage=1))
    assert list((tmp_path / "tasks").iterdir())


def test_a_key_cannot_leave_the_folder(tmp_path):
    """`../../x` is a key as any other."""
    storage = StorageFile(path=tmp_path / "kept")
    storage.post("../../x", Context(storage=1))
    assert storage.get("../../x").storage == 1
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize(
    "name", ["post", "get", "key", "clear", "delete", "delete_prefix", "list_keys"]
)
def test_the_base_of_storages_has_the_methods_of_1x(name):
    """And `atomic_swap`."""
    assert callable(getattr(Storage, name))
    assert callable(Storage.atomic_swap)


# Log


def lines_of(tmp_path, *steps, **options):
    path = tmp_path / "flow.log"
    flow = DotFlow(Config(log=LogDefault(output="file", path=path, **options)))
    flow.task.add(list(steps))
    flow.start(keep_going=True)
    return path.read_text("utf-8").splitlines() if path.exists() else []


def test_a_log_line_tells_the_ids_and_the_status(tmp_path):
    """`ID <workflow> - <task> - <status>`."""
    lines = lines_of(tmp_path, one)
    assert [line.rpartition(" - ")[2] for line in lines] == [
        "Not started",
        "In progress",
        "Completed",
    ]
    assert all("ID " in line for line in lines)


@pytest.mark.parametrize(
    ("level", "count"), [("DEBUG", 3), ("INFO", 3), ("info", 3), ("WARNING", 0)]
)
def test_levels_of_a_log(tmp_path, level, count):
    """In any case of letters."""
    assert len(lines_of(tmp_path, one, level=level)) == count


@pytest.mark.parametrize(
    "field", ["timestamp", "level", "workflow_id", "task_id", "status"]
)
def test_json_lines_have_the_fields_of_1x(tmp_path, field):
    """One object a line."""
    text = lines_of(tmp_path, one, format="json")[0]
    assert field in json.loads(text[text.index("{") :])


def test_json_lines_tell_the_error_of_a_failure(tmp_path):
    """Its class and its text, from level ERROR on."""
    text = lines_of(tmp_path, broken, format="json")[-1]
    told = json.loads(text[text.index("{") :])
    assert told["error"] == {"exception": "ValueError", "message": "no"}
    assert told["level"] == "ERROR"


@pytest.mark.parametrize("name", ["info", "warning", "error", "debug"])
def test_a_log_takes_values_without_a_task(tmp_path, name):
    """`log.info(a=1)`."""
    log = LogDefault(level="DEBUG", output="file", path=tmp_path / "l")
    getattr(log, name)(a=1)
    assert "{'a': 1}" in (tmp_path / "l").read_text()


def test_the_logger_is_called_dotflow():
    """As in 1.x's settings."""
    from dotflow.logging import logger

    assert logger is logging.getLogger(Settings.LOG_PROFILE)


# Scheduler, Server


def test_the_default_scheduler_does_nothing():
    """By hand; `schedule()` of a workflow that has no other says so."""
    assert SchedulerDefault().stop() is None
    with pytest.raises(DotflowError, match="no scheduler"):
        DotFlow().schedule()


def test_a_server_that_is_not_configured_is_not_called(monkeypatch, tmp_path):
    """Without an address and a token nothing is sent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("SERVER_BASE_URL", raising=False)
    assert not ServerDefault().active


# Settings and the file of the login


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_PROFILE", "dotflow"),
        ("LOG_FILE_NAME", "flow.log"),
        ("TEMPLATE_REPO", "https://github.com/dotflow-io/templates"),
        ("TEMPLATE_BRANCH", "master"),
        ("ICON", "🎲"),
        ("STEP_ICON", "⚙"),
    ],
)
def test_settings_have_the_values_of_1x(name, value):
    """`Settings.NAME`."""
    assert getattr(Settings, name) == value


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def test_the_login_is_saved_read_and_cleared(home):
    """In `~/.dotflow/config.json`, under `cloud`."""
    assert load_cloud_config() == {}
    path = save_cloud_config(token="t", base_url="http://a")
    assert path == config_path() == home / ".dotflow" / "config.json"
    assert json.loads(path.read_text())["cloud"] == {
        "base_url": "http://a",
        "token": "t",
    }
    assert load_cloud_config() == {"base_url": "http://a", "token": "t"}
    assert clear_cloud_config()
    assert not clear_cloud_config()


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"cloud": 5}'])
def test_a_broken_file_is_an_empty_one(home, text):
    """`load_cloud_config` gives {}."""
    config_path().parent.mkdir()
    config_path().write_text(text)
    assert load_cloud_config() == {}


def test_the_environment_goes_before_the_file(home, monkeypatch):
    """An empty variable does not count."""
    save_cloud_config(token="file", base_url="http://a")
    monkeypatch.setenv("SERVER_USER_TOKEN", "environment")
    assert resolve("token", "SERVER_USER_TOKEN") == "environment"
    monkeypatch.setenv("SERVER_USER_TOKEN", "")
    assert resolve("token", "SERVER_USER_TOKEN") == "file"


# Fingerprints, Module


def test_fingerprints_are_sha256_and_tell_inputs_apart():
    """64 digits, the same for the same values."""
    assert fingerprint_of([1]) == fingerprint_of([1])
    assert len({fingerprint_of(v) for v in ([1], [2], [1, 2], ["1"], [])}) == 5
    assert len(fingerprint_of([])) == 64


def test_a_fingerprint_is_kept_under_a_key_of_the_workflow(storage):
    """`fp_key`, `write_fingerprint`, `read_fingerprint`."""
    assert fp_key("w") == f"w{FP_KEY_SUFFIX}" == "w-_input_fp"
    assert read_fingerprint(storage, "w") is None
    write_fingerprint(storage, "w", "abc")
    assert read_fingerprint(storage, "w") == "abc"
    storage.clear("w")
    assert read_fingerprint(storage, "w") is None


@pytest.mark.parametrize("path", ["json.dumps", "json:dumps", "os.path.join"])
def test_a_module_is_imported_by_its_path(path):
    """`Module("a.b.c")`."""
    assert callable(Module(path))


def test_what_is_no_path_is_itself():
    """`Module(step)` is the step."""
    assert Module(one) is one
