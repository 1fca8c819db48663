from __future__ import annotations

import pickle

import pytest

from dotflow import report


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("model", "AttemptReport"),
        ("model", "ErrorReport"),
        ("model", "ResultReport"),
        ("model", "RunReport"),
        ("model", "TaskReport"),
        ("graph", "NodeView"),
    ],
)
def test_names_in_stored_pickles_lead_to_their_classes(module: str, name: str) -> None:
    """A pickle of a report that an earlier dotflow has made finds its classes."""
    stored = f"cdotflow.report.{module}\n{name}\n.".encode()
    assert pickle.loads(stored) is getattr(report, name)
