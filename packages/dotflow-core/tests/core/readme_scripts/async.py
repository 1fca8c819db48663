import asyncio

from dotflow import DotFlow, action


async def get(url):
    await asyncio.sleep(0)
    return {"status": "ok"}


@action(timeout=30)
async def fetch_data():
    return await get("https://api.example.com/data")


workflow = DotFlow()
workflow.task.add(step=fetch_data)
workflow.start()
print(workflow.result_storage()[0])
