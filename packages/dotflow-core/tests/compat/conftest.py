"""What the tests of former ways share."""

from __future__ import annotations

import pytest

from dotflow import Pipeline


@pytest.fixture
def pipeline():
    """Give a pipeline of three tasks, each after the one before."""
    made = Pipeline("daily")

    @made.task()
    def extract():
        return [1, 2, 3]

    @made.task()
    def total(extract):
        return sum(extract)

    @made.task(deps=[total])
    def text(upstream):
        return f"{upstream['total']} in all"

    return made
