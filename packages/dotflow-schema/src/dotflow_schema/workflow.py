"""The model of a workflow."""

from __future__ import annotations

from pydantic import Field, model_validator

from dotflow_schema.base import Model, WorkflowId
from dotflow_schema.task import SerializerTask


class SerializerWorkflow(Model):
    """A workflow as `workflow.result()` reports it.

    Attributes:
        workflow_id: The workflow's identifier.
        workflow_name: The workflow's name.
        tasks: Its tasks, in the order they were added.
        id: The same as `workflow_id`, filled in when absent.
        name: The same as `workflow_name`, filled in when absent.
    """

    workflow_id: WorkflowId | None = None
    workflow_name: str | None = None
    tasks: list[SerializerTask] = Field(default_factory=list)
    id: WorkflowId | None = None
    name: str | None = None

    @model_validator(mode="after")
    def _fill_in_aliases(self) -> SerializerWorkflow:
        self.id = self.id or self.workflow_id
        self.name = self.name or self.workflow_name
        return self
