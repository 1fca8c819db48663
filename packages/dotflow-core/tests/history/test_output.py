"""What a step prints and logs belongs to its attempt, and is shown as ever."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from contextvars import copy_context
from pathlib import Path

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.base.head_and_tail import MOST
from dotflow.base.masking import HIDDEN, keep_secret
from dotflow.engine.heard_streams import HeardStream
from dotflow.providers import StorageSQLite

RECORD = "WARNING shop.load: 3 rows\n"


def speak(word):
    # In one piece each: others print meanwhile.
    sys.stdout.write(f"{word} out\n")
    print(f"{word} err\n", end="", file=sys.stderr)
    logging.getLogger("shop.load").warning("%d rows", 3)
    sys.stdout.buffer.write(f"{word} byt\xe9s \xff\n".encode("latin-1"))
    beside = threading.Thread(target=copy_context().run, args=(print, f"{word} beside"))
    beside.start()
    beside.join()
    sys.stdout.write(f"{word} no end")


@action
def plain():
    speak("plain")
    return ["a", "b"]


@action
async def coroutine():
    speak("coroutine")


@action(isolate=True)
def isolated():
    speak("isolated")


@action
def item(item):
    print("item", item)


def pieces(storage, task, run=0):
    history = storage.history
    run_id = history.runs()[run].run_id
    events = history.events(run_id, kinds=["TaskOutput"], task=task)
    return [(e, *piece) for e in events for piece in e.detail["output"]]


def streams(storage, task):
    """Return what a task has written, by stream."""
    found = {}
    for _, _, stream, text in pieces(storage, task):
        found[stream] = found.get(stream, "") + text
    return found


def said(word):
    return {
        "stdout": f"{word} out\n{word} byt\\xe9s \\xff\n{word} beside\n{word} no end",
        "stderr": f"{word} err\n",
        "log": RECORD,
    }


def test_every_mode_keeps_what_steps_print(quiet, storage, mode, capfd):
    """Prints, logs, bytes and coroutines' too; on the terminal they stand as ever."""
    before = sys.stdout
    flow = quiet(storage)
    flow.task.add(plain)
    flow.task.add(coroutine, depends_on=[])
    flow.task.add(isolated, depends_on=[])
    flow.task.add(item, map_over="plain")
    flow.start(mode=mode).wait()
    for task in ("plain", "coroutine", "isolated"):
        found = streams(storage, task)
        found["stderr"] = "".join(  # where the record was written is pytest's affair
            line for line in found["stderr"].splitlines(True) if "rows" not in line
        )
        assert found == said(task), task
    items = {0: "", 1: ""}
    for event, _, _, text in pieces(storage, "item"):
        items[event.index] += text
    assert items == {0: "item a\n", 1: "item b\n"}
    assert sys.stdout is before
    shown = capfd.readouterr()
    for task in ("plain", "coroutine", "isolated"):
        assert shown.out.count(f"{task} out\n") == 1
        assert shown.err.count(f"{task} err\n") == 1


def test_a_pipeline_keeps_what_its_tasks_print(storage):
    """The tasks of a Pipeline are heard as steps are."""
    pipeline = Pipeline("nightly", storage=storage)

    @pipeline.task("load")
    def load():
        print("loaded")

    @pipeline.task("told", deps=["load"])
    async def told():
        print("told", file=sys.stderr)

    pipeline.run()
    assert streams(storage, "load") == {"stdout": "loaded\n"}
    assert streams(storage, "told") == {"stderr": "told\n"}


def test_programs_of_a_process_are_heard(quiet, storage, capfd):
    """In a process of its own a step's programs are heard, and threads without context."""

    @action
    def calls():
        print("before")
        code = "import os; os.write(1, b'prints\\n'); os.write(2, b'warns\\n')"
        subprocess.run([sys.executable, "-c", code], check=True)
        thread = threading.Thread(target=print, args=("thread",))
        thread.start()
        thread.join()

    flow = quiet(storage)
    flow.task.add(calls)
    flow.start(mode="parallel")
    found = streams(storage, "calls")
    assert sorted(found["stdout"].split()) == ["before", "prints", "thread"]
    assert found["stderr"] == "warns\n"
    shown = capfd.readouterr()
    assert sorted(shown.out.split()) == ["before", "prints", "thread"]
    assert shown.err == "warns\n"


def test_a_record_is_told_once(quiet, storage, program):
    """What a handler writes of a record is not told beside the record."""
    ended = program(f"""
import logging, warnings
from dotflow import Config, DotFlow, action
from dotflow.providers import LogDefault, StorageSQLite
logging.basicConfig(format="%(message)s")
warnings.simplefilter("always")
silent = logging.getLogger("silent")
silent.propagate = False

@action
def logs():
    logging.warning("heard")
    silent.error("kept")
    warnings.warn("odd")

if __name__ == "__main__":
    config = Config(storage=StorageSQLite({str(storage.path)!r}), log=LogDefault("ERROR"))
    for mode in ("sequential", "parallel"):
        flow = DotFlow(config)
        flow.task.add(logs)
        flow.start(mode=mode)
""")
    assert ended.stderr.count("heard\n") == 2
    for run in (0, 1):
        *told, warned = [(s, text) for *_, s, text in pieces(storage, "logs", run)]
        assert told == [
            ("log", "WARNING root: heard\n"),
            ("log", "ERROR silent: kept\n"),
        ]
        assert "UserWarning: odd\n" in warned[1]


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_what_came_before_a_failure_stands_with_it(quiet, storage, mode):
    """A failure has the last lines of its attempt, also where the process was killed."""

    @action(retry=2, retry_delay=0)
    def fails():
        for number in range(30):
            print("line", number)
        raise ValueError

    @action(isolate=True)
    def dies():
        print("last words")
        os.system("echo a program")
        os.kill(os.getpid(), 9)

    @action
    def one_of(item):
        print("saw", item)
        return 1 // item

    flow = quiet(storage)
    flow.task.add(action(lambda: [1, 0]), name="items")
    flow.task.add([fails, dies], depends_on=[])
    flow.task.add(one_of, map_over="items")
    flow.start(mode=mode, keep_going=True)
    wanted = "\n".join(f"line {number}" for number in range(10, 30))
    tasks = storage.history.run(storage.history.runs()[0].run_id)
    assert [one.error.output for one in tasks["fails"].attempts] == [wanted] * 2
    assert tasks["dies"].error.output == "last words\na program"
    assert tasks["one_of"].failed_items[0].error.output == "saw 0"
    errors = {task.name: task.errors for task in flow.result_task()}
    assert errors["fails"][-1].output == wanted


def test_the_end_of_much_before_a_kill(quiet, storage):
    """Of a process that is killed in the middle of much the last lines are there as well."""

    @action(isolate=True)
    def floods():
        for number in range(20_000):
            print("line", number)
        time.sleep(2)  # more than it takes to be told
        os.kill(os.getpid(), 9)

    flow = quiet(storage)
    flow.task.add(floods)
    flow.start()
    text = "".join(text for *_, text in pieces(storage, "floods"))
    assert text.startswith("line 0\n")
    assert text.endswith("line 19999\n")
    [task] = flow.result_task()
    assert task.errors[-1].output.endswith("line 19999")


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_the_middle_of_much_is_left_out(quiet, storage, mode):
    """Of an attempt that prints much the beginning and the end are kept, and the cut told."""

    @action
    def floods():
        for number in range(15_000):
            print("line", number)
        print("x" * 1_000_000)

    flow = quiet(storage)
    flow.task.add(floods)
    flow.start(mode=mode)
    found = pieces(storage, "floods")
    texts = [text for *_, text in found]
    assert "".join(texts).startswith("line 0\nline 1\n")
    assert "".join(texts).endswith("xxx\n")
    kept = sum(map(len, texts))
    assert kept < 3 * MOST
    every = sum(len(f"line {number}\n") for number in range(15_000)) + 1_000_001
    assert found[-1][0].detail["cut"] == every - kept
    assert found[-1][0].detail["cut_lines"] > 0


def test_the_items_of_a_map_share_a_bound(quiet, storage):
    """The output of a map's items is bounded as a whole, and the rest counted."""

    @action
    def loud(item):
        print("x" * 3000)

    flow = quiet(storage)
    flow.task.add(action(lambda: range(100)), name="items")
    flow.task.add(loud, map_over="items")
    flow.start()
    found = pieces(storage, "loud")
    assert sum(len(text) for *_, text in found) <= 2 * MOST
    history = storage.history
    *_, last = history.events(history.runs()[0].run_id, kinds=["TaskOutput"])
    assert (last.index, last.detail["output"]) == (None, [])
    assert last.detail["cut_lines"] == 100 - sum(text.count("\n") for *_, text in found)


@pytest.mark.parametrize("off", ["capture", "history"])
def test_nothing_is_kept_where_it_is_off(quiet, storage, off):
    """With capture=False, and without a history, streams are as they were."""
    seen = []

    @action
    def prints():
        seen.append(type(sys.stdout))
        print("kept by nobody")

    flow = quiet(storage if off == "capture" else None)
    flow.config.capture = off != "capture"
    flow.task.add(prints)
    flow.start()
    assert seen != [HeardStream]
    if off == "capture":
        assert pieces(storage, "prints") == []


def test_streams_that_somebody_replaces(quiet, storage, monkeypatch):
    """A stream that a step, or a thread, puts in another's place stays there."""
    mine, former = [], sys.stderr

    class Mine:
        def __init__(self, stream):
            self.stream = stream

        def write(self, text):
            mine.append(text)
            return self.stream.write(text)

        def flush(self):
            self.stream.flush()

    @action
    def replaces():
        sys.stdout = Mine(sys.stdout)
        print("once")

    @action
    def takes_away():
        sys.stderr = former

    @action
    def asks():
        print("after", file=sys.stderr)
        assert sys.stderr.encoding == former.encoding
        assert sys.stderr.isatty() == former.isatty()
        assert isinstance(sys.stderr, type(former))
        print("after")

    with Path(os.devnull).open("w") as null:
        monkeypatch.setattr(sys, "stdout", null)
        for _ in range(2):
            flow = quiet(storage)
            flow.task.add([replaces, takes_away, asks])
            flow.start()
            assert type(sys.stdout) is Mine
    assert streams(storage, "replaces") == {"stdout": "once\n"}
    assert streams(storage, "asks") == {"stdout": "after\n", "stderr": "after\n"}
    assert sys.stderr is former


def test_who_prints_beside_a_run_is_not_heard(quiet, storage):
    """Another thread's prints, and a child's that a step forks, are nobody's."""
    going, seen = threading.Event(), threading.Event()

    def beside():
        going.wait()
        print("beside")
        seen.set()

    thread = threading.Thread(target=beside)
    thread.start()

    @action
    def waits():
        going.set()
        seen.wait()
        child = os.fork()
        if not child:
            print("child")
            os._exit(0)
        os.waitpid(child, 0)
        print("mine")

    flow = quiet(storage)
    flow.task.add(waits)
    flow.start()
    thread.join()
    assert streams(storage, "waits") == {"stdout": "mine\n"}


def test_a_record_on_its_way_when_the_run_ends(quiet, storage, caplog):
    """A record that another thread has begun to log as a run ends reaches its handlers."""
    begun = []

    @action
    def step():
        begun.append(logging.getLogger("shop.load").callHandlers)

    workflow = quiet(storage)
    workflow.task.add(step)
    workflow.start()
    late = logging.makeLogRecord(
        {"name": "shop.load", "msg": "late", "levelno": logging.WARNING}
    )
    begun[0](late)
    assert "late" in caplog.text


def test_odd_texts_and_secrets(quiet, storage, monkeypatch):
    """NUL, surrogates and escapes come back as text; a password of ours never."""
    keep_secret("redis://me:hunter-2@host/0")
    odd = "a\0b \x1b[31mred\x1b[0m \ud800 https://u:pw@host/ hunter-2"

    @action
    def prints():
        sys.stdout.errors  # noqa: B018 - read as of any stream
        sys.stdout.buffer.write(b"\xff\n")
        logging.getLogger("x").warning(odd)
        logging.getLogger("x").warning("%d", "no number")

    flow = quiet(storage)
    flow.task.add(prints)
    # Neither pytest nor xdist could show what is logged here.
    monkeypatch.setattr(logging.getLogger("x"), "propagate", False)
    logging.getLogger("x").addHandler(logging.NullHandler())
    flow.start()
    found = streams(storage, "prints")
    assert found["stdout"] == "\\xff\n"
    line, other = found["log"].splitlines()
    assert line == (
        "WARNING x: a\\x00b \x1b[31mred\x1b[0m \\ud800"
        f" https://u:{HIDDEN}@host/ {HIDDEN}"
    )
    assert "could not be made" in other


def test_a_run_inside_a_step_is_the_steps(quiet, storage):
    """What a run prints that a step starts belongs to the step, where it has no history."""

    @action
    def inner():
        print("inner")

    @action
    def outer():
        flow = DotFlow(Config())
        flow.task.add(inner)
        flow.start()
        print("outer")

    flow = quiet(storage)
    flow.task.add(outer)
    flow.start()
    assert streams(storage, "outer")["stdout"] == "inner\nouter\n"


def test_two_runs_at_once_are_kept_apart(quiet, tmp_path):
    """Of runs that go on at once each hears its own steps, and the last takes all away."""
    before, storages = sys.stdout, []
    barrier = threading.Barrier(2)

    @action
    def prints(initial_context):
        barrier.wait()
        print("of", initial_context.storage)

    runs = []
    for name in ("a", "b"):
        storages.append(StorageSQLite(tmp_path / name))
        flow = quiet(storages[-1])
        flow.task.add(prints, initial_context=name)
        runs.append(flow.start(mode="background"))
    for run in runs:
        run.wait()
    for name, storage in zip(("a", "b"), storages, strict=True):
        assert streams(storage, "prints") == {"stdout": f"of {name}\n"}
        storage.close()
    assert sys.stdout is before
