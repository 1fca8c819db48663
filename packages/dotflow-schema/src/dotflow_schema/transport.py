"""The envelope in which a task or a workflow travels."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from dotflow_schema.base import Model
from dotflow_schema.task import SerializerTask
from dotflow_schema.workflow import SerializerWorkflow


class SerializerTransport(Model):
    """A task or a workflow together with the word that says which it is.

    Attributes:
        resource: What `content` is.
        content: The task or the workflow.
    """

    resource: Literal["task", "workflow"]
    content: SerializerTask | SerializerWorkflow

    @model_validator(mode="after")
    def _content_is_the_resource(self) -> SerializerTransport:
        # A task's fields are also acceptable ones of a workflow, so without this
        # check a mislabelled envelope would be read as the wrong thing.
        if isinstance(self.content, SerializerTask) != (self.resource == "task"):
            found = type(self.content).__name__
            message = f"resource is {self.resource!r} but content is a {found}"
            raise ValueError(message)
        return self
