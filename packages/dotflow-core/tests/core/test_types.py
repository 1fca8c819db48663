"""The constants of 1.x: plain strings, as scripts compare them."""

from __future__ import annotations

import pytest

from dotflow import types

CONSTANTS = {
    "TypeExecution": {
        "SEQUENTIAL": "sequential",
        "BACKGROUND": "background",
        "PARALLEL": "parallel",
        "SEQUENTIAL_GROUP": "sequential_group",
    },
    "TypeInputChange": {"REUSE": "reuse", "RESET": "reset", "RAISE": "raise"},
    "TypeOverlap": {"SKIP": "skip", "QUEUE": "queue", "PARALLEL": "parallel"},
    "TypeStatus": {
        "NOT_STARTED": "Not started",
        "IN_PROGRESS": "In progress",
        "COMPLETED": "Completed",
        "PAUSED": "Paused",
        "RETRY": "Retry",
        "FAILED": "Failed",
    },
    "TypeStorage": {"DEFAULT": "default", "FILE": "file", "S3": "s3", "GCS": "gcs"},
    "WorkflowStatus": {
        "NEW": "New",
        "IN_PROGRESS": "In progress",
        "COMPLETED": "Completed",
        "FAILED": "Failed",
    },
}


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        (g, name, value)
        for g, names in CONSTANTS.items()
        for name, value in names.items()
    ],
)
def test_constants(group, name, value):
    """Every constant of 1.x is that very string."""
    found = getattr(getattr(types, group), name)
    assert type(found) is str
    assert found == value


@pytest.mark.parametrize(
    ("status", "symbol"),
    [
        ("Not started", "⚪"),
        ("In progress", "🔵"),
        ("Completed", "✅"),
        ("Paused", "◼️"),
        ("Retry", "❗"),
        ("Failed", "❌"),
    ],
)
def test_symbols(status, symbol):
    """Every status of 1.x has its symbol."""
    assert types.TypeStatus.get_symbol(status) == symbol


def test_every_status_has_a_symbol_of_its_own():
    """No two statuses look alike, those that 1.x had not included."""
    names = vars(types.TypeStatus).items()
    statuses = [v for k, v in names if k.isupper()]
    symbols = [types.TypeStatus.get_symbol(status) for status in statuses]
    assert all(symbols)
    assert len(set(symbols)) == len(statuses)


def test_policies():
    """`VALID_POLICIES` lists the policies for inputs that changed."""
    assert set(types.VALID_POLICIES) == {"reuse", "reset", "raise"}
    assert isinstance(types.VALID_POLICIES, tuple)
