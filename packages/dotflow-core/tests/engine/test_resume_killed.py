"""Killed at any moment and started again, a run completes as if nothing had happened."""

from __future__ import annotations

import random
import time

import pytest

from dotflow.providers import StorageFile, StorageSQLite

SCRIPT = """
import sqlite3
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageFile, StorageSQLite

kind, mode, kill = sys.argv[1:4]
what, _, number = kill.partition(":")
left = int(number or 0)

def strike(*_):
    # In the process of the run only; its workers end with it.
    global left
    if os.getpid() == PARENT:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

PARENT = os.getpid()

if kind == "file":
    storage = StorageFile(path=HERE / "store")
    def audit(event, args):
        if event in ("open", "os.rename", "os.link", "os.remove", "os.mkdir"):
            if str(HERE / "store") in str(args[0]):
                strike()
    if what == "inside":
        sys.addaudithook(audit)
        fsync = os.fsync
        os.fsync = lambda *args: (strike(), fsync(*args), strike())
else:
    connect = sqlite3.connect
    def traced(*args, **kwargs):
        connection = connect(*args, **kwargs)
        connection.set_trace_callback(strike)
        return connection
    if what == "inside":
        sqlite3.connect = traced
    storage = StorageSQLite(HERE / "store")

if what == "around":
    def guard(method):
        def guarded(*args, **kwargs):
            strike()
            value = method(*args, **kwargs)
            strike()
            return value
        return guarded
    for name in ("get", "post"):
        setattr(storage, name, guard(getattr(storage, name)))

RESULTS = {
    "none": None, "zero": 0, "text": "", "list": [], "tuple": (1, (2,)),
    "bytes": b"x" * 5000, "number": 1.5, "dict": {1: {2, 3}},
}

def step(name):
    @action
    def run(previous_context):
        with open(HERE / "journal", "ab", buffering=0) as file:
            file.write(name.encode() + b"\\n")
        time.sleep(0.002)
        seen = [repr(previous_context.storage)] if name == "dict" else []
        return (RESULTS[name], seen) if seen else RESULTS[name]
    return run

workflow = DotFlow(Config(storage=storage), workflow_id="w")
for place, name in enumerate(RESULTS):
    options = {}
    if mode == "sequential_group":
        options["group_name"] = f"group {place % 2}"
    if mode == "parallel" and place >= 4:
        options["depends_on"] = [list(RESULTS)[place - 4]]
    workflow.task.add(step(name), name=name, **options)
workflow.start(mode=mode, resume=True, max_parallel=2)
note("results", (workflow.result_storage(), [t.status for t in workflow.result_task()]))
"""

NAMES = ("none", "zero", "text", "list", "tuple", "bytes", "number", "dict")
KINDS = ("sqlite", "file")
MODES = ("sequential", "sequential_group", "parallel")
PARTS = [0, *(pytest.param(part, marks=pytest.mark.soak) for part in (1, 2, 3))]


class Trial:
    """One workflow that is killed and resumed until it completes."""

    def __init__(self, program, kind):
        self.program = program
        self.kind = kind
        self.kills = 0

    def completed(self):
        """Return the tasks whose checkpoint the storage shows."""
        place = self.program.folder / "store"
        if not place.exists():
            return set()
        make = StorageFile if self.kind == "file" else StorageSQLite
        storage = make(path=place)
        key = "w-{}.json" if self.kind == "file" else "w-{}"
        try:
            return {n for n in NAMES if storage.get(key.format(n)).run_id is not None}
        finally:
            storage.close()

    def run(self, mode, kill="no", after=None):
        """Run once, maybe to a kill, and check what it repeated.

        Args:
            mode: The mode.
            kill: Where the script kills itself.
            after: Kill it after so many steps have begun, and so many seconds more.

        Returns:
            Whether it ended by itself.
        """
        done, before = self.completed(), self.program.lines("journal")
        process = self.program.start(self.kind, mode, kill)
        if after is not None:
            steps, seconds = after
            while len(self.program.lines("journal")) < len(before) + steps:
                if process.poll() is not None:
                    break
                time.sleep(0.0005)
            time.sleep(seconds)
            process.kill()
        result = self.program.finish(process)
        again = set(self.program.lines("journal")[len(before) :])
        assert not again & done, "a completed task has run again"
        if result.returncode == 0:
            assert again >= set(NAMES) - done, "a task was skipped"
            return True
        assert result.returncode == -9, result.stderr
        self.kills += 1
        return False

    def check(self, expected):
        """Compare the results with those of a run that nobody has killed."""
        assert self.program.lines("results")[-1] == expected
        assert set(self.program.lines("journal")) == set(NAMES)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the results of a run that nobody kills, of each mode, made once."""
    known = {}

    def results(program, mode):
        if mode not in known:
            folder = program.folder
            program.folder = tmp_path_factory.mktemp("undisturbed")
            path = program.path
            program.path = program.folder / "program.py"
            program.path.write_text(path.read_text())
            assert program.run("sqlite", mode, "no").returncode == 0
            known[mode] = program.lines("results")[-1]
            program.folder, program.path = folder, path
        return known[mode]

    return results


@pytest.mark.parametrize("seed", PARTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random_moments(kind, mode, seed, script, undisturbed):
    """Killed at random moments, a resumed run repeats and skips nothing."""
    program = script(SCRIPT)
    trial = Trial(program, kind)
    random_ = random.Random(f"{kind} {mode} {seed}")
    while trial.kills < 6:
        steps = random_.randrange(4)
        # Without a step: anywhere in the start of the interpreter and of the run.
        seconds = random_.uniform(0, 0.008) if steps else random_.uniform(0, 0.12)
        if trial.run(mode, after=(steps, seconds)):
            break
    else:
        assert trial.run(mode)
    trial.check(undisturbed(program, mode))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("where", ["around", "inside"])
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_storage_operation(kind, where, part, script, undisturbed):
    """Killed before, in and after its storage operations, a run resumes correctly."""
    program = script(SCRIPT)
    expected = undisturbed(program, "sequential")
    number = part + 1
    while True:
        trial = Trial(program, kind)
        over = trial.run("sequential", f"{where}:{number}")
        if not over:
            assert trial.run("sequential")
        trial.check(expected)
        if over:
            break
        for leftover in ("journal", "results"):
            (program.folder / leftover).unlink(missing_ok=True)
        _remove(program.folder)
        number += 4 * (1 if where == "around" else 3)
    assert number > 8, "the kills never struck"


def _remove(folder):
    import shutil

    for path in folder.glob("store*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


@pytest.mark.parametrize("kind", KINDS)
def test_a_parallel_resume_runs_only_what_is_missing(kind, script):
    """A parallel run is resumed from the storage: completed tasks do not run again."""
    program = script(SCRIPT)
    trial = Trial(program, kind)
    assert trial.run("parallel")
    assert trial.run("parallel")
    assert sorted(program.lines("journal")) == sorted(NAMES)
    first, second = program.lines("results")
    assert first == second
