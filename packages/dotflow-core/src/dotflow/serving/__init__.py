"""A workflow run for each event or request that a platform brings.

`run` is the common part of every handler: of a Lambda function, of a queue's consumer,
of a timer. `wsgi_app` answers HTTP requests with it, under any WSGI server.
`run_task_event` and `task_app` run one task alone, where a platform's own engine, such
as Step Functions or Google Workflows, runs the graph.
"""

from dotflow.serving.factory import Factory, check_factory
from dotflow.serving.outcome import outcome
from dotflow.serving.request import Request
from dotflow.serving.run import WorkflowFailed, build, run, start
from dotflow.serving.task import (
    TaskFailed,
    TaskFailedForGood,
    run_task_event,
    task_app,
)
from dotflow.serving.wsgi import wsgi_app

__all__ = [
    "Factory",
    "Request",
    "TaskFailed",
    "TaskFailedForGood",
    "WorkflowFailed",
    "build",
    "check_factory",
    "outcome",
    "run",
    "run_task_event",
    "start",
    "task_app",
    "wsgi_app",
]
