import threading

from dotflow import DotFlow, action

told = threading.Event()


@action
def step():
    told.wait()
    print("step")


workflow = DotFlow()
workflow.task.add(step=step)
manager = workflow.start(mode="background")
print("started", flush=True)
told.set()
manager.thread.join()
print([task.status for task in workflow.result_task()])
