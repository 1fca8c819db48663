from dotflow import DotFlow, action

calls = []


@action(retry=3, timeout=10, retry_delay=0, backoff=True)
def unreliable_api_call():
    calls.append(1)
    if len(calls) < 3:
        raise ConnectionError("try again")
    return len(calls)


workflow = DotFlow()
workflow.task.add(step=unreliable_api_call)
workflow.start()
print(workflow.result_storage()[0])
