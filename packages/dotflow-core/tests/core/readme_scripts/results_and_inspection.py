from dotflow import DotFlow, action


@action
def one():
    return 1


@action
def two(previous_context):
    return previous_context.storage + 1


workflow = DotFlow(name="step")
workflow.task.add(step=one)
workflow.task.add(step=two)
workflow.start()

tasks = workflow.result_task()
contexts = workflow.result_context()
storages = workflow.result_storage()
result = workflow.result()
print(len(tasks), len(contexts), len(result["tasks"]))
print(storages)
print(type(tasks[0]).__name__)
print(type(contexts[0]).__name__)
print(result["workflow_name"])

print(workflow.task.count())
workflow.task.reverse()
print([task.step.__name__ for task in workflow.task.queue])
workflow.task.clear()
print(workflow.task.count())
