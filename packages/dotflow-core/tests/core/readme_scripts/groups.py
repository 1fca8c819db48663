from dotflow import DotFlow, action


@action
def fetch_users():
    return ["ann", "bob"]


@action
def save_users(previous_context):
    print("users:", len(previous_context.storage), flush=True)


@action
def fetch_orders():
    return [1, 2, 3]


@action
def save_orders(previous_context):
    print("orders:", len(previous_context.storage), flush=True)


for options in ({}, {"mode": "sequential_group"}):
    workflow = DotFlow()
    workflow.task.add(step=fetch_users, group_name="users")
    workflow.task.add(step=save_users, group_name="users")
    workflow.task.add(step=fetch_orders, group_name="orders")
    workflow.task.add(step=save_orders, group_name="orders")

    workflow.start(**options)
    print([task.status for task in workflow.result_task()])
