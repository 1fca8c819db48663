"""Dotted paths: steps and callbacks named by where they are, imported when added.

Prints:
    fetch_users finished with status Completed
    save_users finished with status Completed
    saved 3 users
"""

from __future__ import annotations

from dotflow import DotFlow

if __name__ == "__main__":
    workflow = DotFlow()
    for step in ("groups.fetch_users", "groups.save_users"):
        workflow.task.add(step=step, callback="callbacks.on_task_done")

    workflow.start()

    print(workflow.result_storage()[-1])
