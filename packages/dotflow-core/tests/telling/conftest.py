"""What the tests of what steps tell share."""

from __future__ import annotations

import pytest

from dotflow import action


@pytest.fixture
def tells(quiet, storage):
    """Run a function as a step, and return the report and the history of its run."""

    def run(step, **options):
        flow = quiet(storage)
        flow.task.add(action(step, **options) if options else action(step))
        run_id = flow.start().run_id
        return storage.history.run(run_id), storage.history

    return run
