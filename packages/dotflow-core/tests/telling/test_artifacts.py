"""What steps leave to look at, and the facts that they tell."""

from __future__ import annotations

import csv
import json
import math
from datetime import date
from decimal import Decimal
from types import ModuleType

import pytest

from dotflow import Pipeline, action, artifact, fact
from dotflow.engine import artifacts as bounds
from dotflow.engine import facts as fact_bounds
from dotflow.errors import DotflowError, TellingRefused
from dotflow.report.artifacts import ArtifactExportError, export_artifacts

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


class Hostile:
    """A value whose code raises whatever is asked of it."""

    def __str__(self):
        raise SystemExit("str")

    __repr__ = __len__ = __iter__ = __float__ = __str__


def test_artifacts_are_kept_with_their_attempt(tells):
    """A table, markdown, a link, an image and a number come back as they were left."""

    def leaves():
        artifact("rows", [{"a": 1, "b": None}, {"a": 2.5, "c": date(2026, 1, 2)}])
        artifact("notes", "# Ünder\n\x00\x1b[31m\ud800")
        artifact("where", "https://example.org/a?b=1")
        artifact("address", "https://example.org/", kind="markdown")
        artifact("plot", memoryview(PNG))
        artifact("loss", 1)
        artifact("loss", Decimal("0.5"))
        artifact("diverged", math.nan)
        artifact("none", [])

    report, history = tells(leaves)
    assert report.completed
    found = {one.name: one for one in history.artifacts(report.run_id)}
    assert {name: (one.kind, one.value) for name, one in found.items()} | {
        "diverged": None
    } == {
        "rows": (
            "table",
            [{"a": 1, "b": None, "c": None}, {"a": 2.5, "b": None, "c": "2026-01-02"}],
        ),
        "notes": ("markdown", "# Ünder\n\x00\x1b[31m\ud800"),
        "where": ("link", "https://example.org/a?b=1"),
        "address": ("markdown", "https://example.org/"),
        "plot": ("image", PNG),
        "loss": ("number", 0.5),
        "diverged": None,
        "none": ("table", []),
    }
    assert math.isnan(found["diverged"].value)
    assert found["plot"].image_format == "png"
    assert (found["rows"].task, found["rows"].attempt, found["rows"].index) == (
        "leaves",
        1,
        None,
    )
    assert history.artifacts(report.run_id, task="other") == []


def test_artifacts_come_from_everywhere(quiet, storage, mode):
    """Items, further attempts and processes leave artifacts of their own."""

    @action
    def sources():
        return [1, 2]

    @action
    def each(item):
        artifact("n", item)
        fact("item", item)

    @action(retry=2, retry_delay=0)
    def again():
        artifact("n", 1)
        raise ValueError

    flow = quiet(storage)
    flow.task.add(sources).add(each, map_over="sources")
    flow.task.add(again, name="again", depends_on=["each"])
    flow.task.add(action(isolate=True)(each.func), name="apart", map_over="sources")
    manager = flow.start(mode=mode, keep_going=True)
    manager.wait()
    found = storage.history.artifacts(manager.run_id)
    assert sorted(
        (one.task, one.index, one.attempt, one.value)
        for one in found
        if one.index is not None
    ) == [
        ("apart", 0, 1, 1),
        ("apart", 1, 1, 2),
        ("each", 0, 1, 1),
        ("each", 1, 1, 2),
    ]
    assert [one.attempt for one in found if one.task == "again"] == [1, 2]
    assert storage.history.run(manager.run_id).facts["item"] in (1, 2)


def test_a_pipeline_leaves_artifacts_and_facts(storage):
    """Tasks of a pipeline tell as steps of a workflow do."""
    pipeline = Pipeline("p", storage=storage)

    @pipeline.task()
    def leaves():
        artifact("n", 3)
        fact("customer", "acme")

    run_id = pipeline.run()["run_id"]
    assert [one.value for one in storage.history.artifacts(run_id)] == [3]
    assert [r.run_id for r in storage.history.runs(where="customer=acme")] == [run_id]


def frame(module, rows):
    """Return a table as a class of that module is one, which need not be installed."""
    columns = list(rows[0])

    class DataFrame:
        def __len__(self):
            return len(rows)

        def to_dict(self, orient):
            assert orient == "records"
            return rows

        def to_dicts(self):
            return rows

        to_pylist = to_dicts

    DataFrame.__module__ = module
    DataFrame.__qualname__ = "Table" if module.startswith("pyarrow") else "DataFrame"
    assert columns
    return DataFrame()


@pytest.mark.parametrize("module", ["pandas.core.frame", "polars", "pyarrow.lib"])
def test_a_data_frame_is_a_table(tells, module):
    """A frame is a table, and its own package is not imported for that."""

    def leaves():
        artifact("frame", frame(module, [{"a": 1}, {"a": 2}]))

    report, history = tells(leaves)
    (one,) = history.artifacts(report.run_id)
    assert (one.kind, one.value) == ("table", [{"a": 1}, {"a": 2}])


def large_frame():
    rows = [{"a": 1}] * (bounds.MOST_ROWS + 1)
    return frame("pandas", rows)


REFUSED = {
    "a dictionary": ({"a": 1}, "list of"),
    "a truth value": (True, "bool"),
    "nothing": (None, "NoneType"),
    "a list of others": ([1, 2], "list"),
    "bytes of no image": (b"<svg onload='x'/>", "no image"),
    "a large text": ("x" * (bounds.MOST_BYTES + 1), "1,000,001 bytes"),
    "large bytes": (PNG + bytes(bounds.MOST_BYTES), "and the most is 1,000,000"),
    "many rows": ([{}] * (bounds.MOST_ROWS + 1), "10,001 rows"),
    "a large frame": (large_frame(), "10,001 rows"),
    "wide rows": ([{"a": "x" * 2000}] * 600, "bytes"),
    "a long number": (10**5000, "cannot be read"),
    "a hostile value": (Hostile(), "cannot be read|Hostile"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_kept_is_refused(tells, what):
    """What is none of the kinds, or too large, fails its step, and says of what and why."""
    value, why = REFUSED[what]
    with pytest.raises(TellingRefused, match=why):
        artifact("left", value)

    def leaves():
        artifact("left", value)

    report, history = tells(leaves)
    message = report["leaves"].error.message
    assert "'left'" in message
    assert "task 'leaves'" in message
    assert history.artifacts(report.run_id) == []


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("", 1, None),
        (" ", 1, None),
        (None, 1, None),
        ("n" * 101, 1, None),
        ("n", 1, "chart"),
        ("n", "javascript:alert(1)", "link"),
        ("n", "http://a b", "link"),
        ("n", 1, "link"),
        ("n", "text", "image"),
        ("n", "1", "number"),
        ("n", 1, "table"),
    ],
)
def test_names_and_kinds_are_checked(name, value, kind):
    """An artifact has a name and a kind that fits it."""
    with pytest.raises(DotflowError, match="artifact"):
        artifact(name, value, kind)


def test_hostile_cells_and_too_many(tells):
    """A cell whose code raises is told as such; one artifact too many is refused."""

    def leaves():
        artifact("rows", [{"a": Hostile(), 3: math.inf}])
        for number in range(bounds.MOST_ARTIFACTS):
            artifact("n", number)

    report, history = tells(leaves)
    assert "1000 at most" in report["leaves"].error.message
    rows, number = history.artifacts(report.run_id)
    assert (rows.value[0]["3"], number.value) == ("inf", bounds.MOST_ARTIFACTS - 2)
    assert "Hostile" in rows.value[0]["a"]


def test_secrets_are_masked(tells):
    """Passwords in addresses and columns, and values of facts of such names, are hidden."""

    def leaves():
        artifact("link", "https://user:hunter2@example.org/")
        artifact("text", "see postgresql://u:hunter2@db/x, token=hunter2")
        artifact("rows", [{"password": "hunter2", "dsn": "x://u:hunter2@h"}])
        fact("api_key", "hunter2")
        fact("source", "x://u:hunter2@h")

    report, history = tells(leaves)
    rows = history.events(report.run_id)
    assert report.completed
    assert report.facts == {"api_key": "***", "source": "x://u:***@h"}
    assert "hunter2" not in repr(rows)


def test_export(tells, tmp_path):
    """Artifacts become files whose names and cells do no harm, in a folder of their own."""

    def leaves():
        artifact("../../etc/passwd", "text")
        artifact("A b", 1)
        artifact("a/b", 2)
        artifact("CON", "https://example.org/")
        artifact("plot", PNG)
        artifact("rows", [{"=cmd": "=cmd()", "b": "@x"}, {"=cmd": -1, "b": 'a,"b\n'}])

    report, history = tells(leaves)
    folder = tmp_path / "new" / "left"
    paths = export_artifacts(history.artifacts(report.run_id), folder)
    assert {path.name for path in folder.iterdir()} == {
        "leaves-______etc_passwd.md",
        "leaves-A_b.txt",
        "leaves-a_b~2.txt",
        "leaves-CON.txt",
        "leaves-plot.png",
        "leaves-rows.csv",
        "artifacts.json",
    }
    assert all(path.parent == folder for path in paths)
    with (folder / "leaves-rows.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["'=cmd", "b"],
            ["'=cmd()", "'@x"],
            ["-1", 'a,"b\n'],
        ]
    index = json.loads((folder / "artifacts.json").read_text())
    assert [one["name"] for one in index][:2] == ["../../etc/passwd", "A b"]
    with pytest.raises(ArtifactExportError, match="not empty"):
        export_artifacts([], folder)


def test_facts(tells):
    """A fact is a text, a number, a truth value or None; of a name the last one counts."""

    class Text(str):
        __slots__ = ()

        def __eq__(self, other):
            raise SystemExit

        __hash__ = str.__hash__

    def states():
        fact("customer", Text("acme"))
        fact("ok", True)
        fact("none", None)
        for rows in range(fact_bounds.MOST_FACTS * 2):
            fact("rows", rows)

    report, history = tells(states)
    assert report.completed
    assert report.facts == {"customer": "acme", "ok": True, "none": None, "rows": 199}
    assert len(history.events(report.run_id, kinds=("FactSet",))) == 101
    again = type(report).from_json(report.to_json())
    assert again.facts == report.facts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", 1),
        ("a=b", 1),
        ("rows>", 1),
        (" a", 1),
        ("a\nb", 1),
        (3, 1),
        ("n" * 101, 1),
        ("a", math.nan),
        ("a", 10**400),
        ("a", "x" * 1001),
        ("a", [1]),
        ("a", b"x"),
        ("a", Hostile()),
    ],
)
def test_what_is_no_fact_is_refused(name, value):
    """A name that cannot be asked for, and a value that cannot be compared, is refused."""
    with pytest.raises(TellingRefused, match="fact"):
        fact(name, value)


def test_too_many_facts(tells):
    """Facts of more names than anybody asks for are refused."""

    def states():
        for number in range(fact_bounds.MOST_FACTS + 1):
            fact(f"n{number}", number)

    report, _ = tells(states)
    assert "100 facts at most" in report["states"].error.message


def test_numpy_values_are_numbers(monkeypatch, tells):
    """A number of numpy is one, and numpy need not be imported for that."""
    scalar = type("int64", (), {"__index__": lambda self: 7, "item": lambda self: 7})
    scalar.__module__ = "numpy"
    assert isinstance(scalar, type)
    assert not isinstance(scalar, ModuleType)

    def states():
        fact("rows", scalar())
        artifact("rows", scalar())
        artifact("table", [{"a": scalar()}])

    report, history = tells(states)
    assert report.facts == {"rows": 7}
    assert [one.value for one in history.artifacts(report.run_id)] == [7, [{"a": 7}]]
