from dotflow import DotFlow, action


@action
def my_step():
    return 1


def on_task_done(task):
    print(f"{task.step.__name__}: {task.status}")


def on_success(*args, **kwargs):
    print("All tasks completed!")


def on_failure(*args, **kwargs):
    print("Something went wrong.")


workflow = DotFlow()
workflow.task.add(step=my_step, callback=on_task_done)
workflow.start(on_success=on_success, on_failure=on_failure)
