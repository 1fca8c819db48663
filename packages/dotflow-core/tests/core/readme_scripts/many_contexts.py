from dotflow import DotFlow, action


@action
def show(initial_context, previous_context):
    print(initial_context.storage, previous_context.storage)
    return initial_context.storage


workflow = DotFlow()
workflow.task.add(step=show, initial_context=[1, 2])
workflow.task.add(step=show, initial_context=[1, 2, 3])
workflow.start()
