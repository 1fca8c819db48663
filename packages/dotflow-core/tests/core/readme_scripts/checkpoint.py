from dotflow import Config, DotFlow, action
from dotflow.providers import StorageFile

config = Config(storage=StorageFile())
broken = True


@action
def step_a():
    print("a")
    return "a"


@action
def step_b():
    print("b")
    return "b"


@action
def step_c():
    print("c")
    if broken:
        raise ValueError("not yet")
    return "c"


workflow = DotFlow(config=config, workflow_id="my-pipeline-v1")
workflow.task.add(step=step_a)
workflow.task.add(step=step_b)
workflow.task.add(step=step_c)

workflow.start()
print(workflow.result_task()[2].status)

broken = False
workflow.start(resume=True)
print(workflow.result_task()[2].status)
print(workflow.result_storage())
