"""dotflow on AWS: checkpoints in S3, workflows in Lambda.

boto3 is imported at the first request to S3, and not at all by the Lambda handlers.
"""

from __future__ import annotations

from dotflow.serving import TaskFailed, TaskFailedForGood, WorkflowFailed
from dotflow_aws.handlers import (
    eventbridge_handler,
    http_handler,
    lambda_handler,
    s3_handler,
    sqs_handler,
    task_handler,
)
from dotflow_aws.storage import StorageS3

__all__ = [
    "StorageS3",
    "TaskFailed",
    "TaskFailedForGood",
    "WorkflowFailed",
    "eventbridge_handler",
    "http_handler",
    "lambda_handler",
    "s3_handler",
    "sqs_handler",
    "task_handler",
]
