from dotflow import DotFlow, action


@action
def step_one():
    return "Hello"


@action
def step_two(previous_context, initial_context):
    greeting = previous_context.storage
    name = initial_context.storage
    return f"{greeting}, {name}!"


workflow = DotFlow()
workflow.task.add(step=step_one)
workflow.task.add(step=step_two, initial_context="World")
workflow.start()

context = workflow.result_context()[1]
print(context.storage)
print(
    type(context.task_id).__name__,
    context.task_id == workflow.result_task()[1].task_id,
    context.workflow_id == workflow.workflow_id,
    context.time is not None,
)
