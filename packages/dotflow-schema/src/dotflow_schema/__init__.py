"""Pydantic models of what a dotflow workflow reports about itself.

`task.schema()` and `workflow.task.schema()` return these models, and the same
shapes travel to a dotflow server.
"""

from dotflow_schema.task import SerializerTask, SerializerTaskError
from dotflow_schema.transport import SerializerTransport
from dotflow_schema.workflow import SerializerWorkflow

__all__ = [
    "SerializerTask",
    "SerializerTaskError",
    "SerializerTransport",
    "SerializerWorkflow",
]
