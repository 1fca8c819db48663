from dotflow import DotFlow, action


@action
def good():
    return "good"


@action(retry=2, retry_delay=0)
def bad():
    raise ValueError("no such file")


def on_failure(*args, **kwargs):
    print("Something went wrong.", len(kwargs["tasks"]))


for keep_going in (False, True):
    workflow = DotFlow()
    workflow.task.add(step=good)
    workflow.task.add(step=bad)
    workflow.task.add(step=good)
    workflow.start(keep_going=keep_going, on_failure=on_failure)

    for task in workflow.result_task():
        print(task.status, len(task.errors))
        for error in task.errors:
            print(" ", error.attempt, error.exception, error.message)
