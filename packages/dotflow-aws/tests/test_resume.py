"""A run that is killed goes on in a new process, from what S3 holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dotflow.testing import PipelineResumeContract, StorageResumeContract


class _Place:
    @pytest.fixture(autouse=True)
    def _address(self, bucket: str, s3_url: str) -> None:
        self.url = f"s3://{bucket}/team?endpoint_url={s3_url}"

    def storage_url(self) -> str:
        return self.url


class TestResume(_Place, StorageResumeContract):
    """A `DotFlow`."""


class TestPipeline(_Place, PipelineResumeContract):
    """A `Pipeline`."""


PROGRAM = """
import sys, time
from dotflow import Config, DotFlow, action
from dotflow_aws import StorageS3

bucket, url, place = sys.argv[1:]

@action(cache=True)
def step():
    with open(place, "a") as notes:
        notes.write("x")
    time.sleep(0.5)
    return 1

flow = DotFlow(Config(storage=StorageS3(bucket, endpoint_url=url)))
flow.task.add(step)
flow.start()
print(flow.result_storage())
"""


def test_equal_calls_of_processes(bucket, s3_url, tmp_path):
    """Of equal cached calls of processes that share a bucket one is computed."""
    program, notes = tmp_path / "job.py", tmp_path / "notes"
    program.write_text(PROGRAM)
    running = [
        subprocess.Popen(
            [sys.executable, program, bucket, s3_url, notes],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120)[0].strip() for process in running]
    assert told == ["[1]"] * 2
    assert notes.read_text() == "x"
