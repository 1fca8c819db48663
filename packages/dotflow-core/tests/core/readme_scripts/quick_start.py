from dotflow import DotFlow, action


@action
def extract():
    return {"users": 150}


@action
def transform(previous_context):
    total = previous_context.storage["users"]
    return {"users": total, "active": int(total * 0.8)}


@action
def load(previous_context):
    print(f"Loaded {previous_context.storage['active']} active users")


workflow = DotFlow()
workflow.task.add(step=extract)
workflow.task.add(step=transform)
workflow.task.add(step=load)

workflow.start()
