from dotflow import DotFlow, action


@action
def square(initial_context):
    return initial_context.storage**2


workflow = DotFlow()
for number in (1, 2, 3):
    workflow.task.add(step=square, initial_context=number)
workflow.start(mode="parallel")
print(workflow.result_storage())
