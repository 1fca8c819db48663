"""A run that is killed goes on in a new process, from what S3 holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

SCRIPT = """
import os, signal, sys
from datetime import date
from dotflow import Config, DotFlow, action
from dotflow.providers.storage_url import storage_from_url

def note(text):
    with open("ran", "a") as file:
        print(text, file=file)

@action
def extract():
    note("extract")
    return {"day": date(2013, 1, 31), "rows": [1, 2, 3]}

@action
def transform(previous_context):
    note("transform")
    if "die" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)
    data = previous_context.storage
    return data["day"], sum(data["rows"])

@action
def load(previous_context):
    note("load")
    return previous_context.storage

storage = storage_from_url(os.environ["STORAGE"])
workflow = DotFlow(config=Config(storage=storage), workflow_id="nightly")
for step in (extract, transform, load):
    workflow.task.add(step)
workflow.start(resume=True, mode=sys.argv[1])
assert [task.status for task in workflow.result_task()] == ["Completed"] * 3
assert workflow.result_storage()[-1] == (date(2013, 1, 31), 6)
storage.close()
"""


def run(folder, url, *arguments):
    """Run the script in a process of its own, and return how it ended."""
    (folder / "flow.py").write_text(SCRIPT)
    result = subprocess.run(
        [sys.executable, "flow.py", *arguments],
        cwd=folder,
        env=os.environ | {"STORAGE": url},
        capture_output=True,
        text=True,
    )
    assert result.returncode in (0, -signal.SIGKILL), result.stderr
    return result.returncode


def test_resume_in_a_new_process(tmp_path, bucket, s3_url):
    """After `kill -9` in a task, another process repeats that task and no other."""
    url = f"s3://{bucket}/team?endpoint_url={s3_url}"
    assert run(tmp_path, url, "sequential", "die") == -signal.SIGKILL
    assert run(tmp_path, url, "sequential") == 0
    ran = (tmp_path / "ran").read_text().split()
    assert ran == ["extract", "transform", "transform", "load"]


def test_resume_of_a_completed_run(tmp_path, bucket, s3_url):
    """What is complete is restored from S3, value by value, and nothing runs again."""
    url = f"s3://{bucket}/team?endpoint_url={s3_url}"
    assert run(tmp_path, url, "sequential") == 0
    assert run(tmp_path, url, "sequential") == 0
    assert (tmp_path / "ran").read_text().split() == ["extract", "transform", "load"]
