"""How the models are used, for the type checkers."""

from typing import assert_type

from dotflow_schema import SerializerTask, SerializerTaskError, SerializerWorkflow

workflow = SerializerWorkflow.model_validate({"tasks": [{"task_id": "1"}]})
assert_type(workflow.tasks, list[SerializerTask])
assert_type(workflow.tasks[0].id, str)
assert_type(workflow.tasks[0].error, SerializerTaskError | None)
