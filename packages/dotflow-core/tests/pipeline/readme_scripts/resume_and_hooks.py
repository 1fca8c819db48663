import asyncio

from dotflow import Pipeline, fn_hook

hook = fn_hook(
    on_task_failure=lambda event: print(
        f"FAIL {event.task_name}: {event.error.splitlines()[-1]}"
    ),
    on_dag_end=lambda event: print(f"DONE {event.dag_name}"),
)

pipeline = Pipeline("etl", hooks=[hook])
source = {"up": False}


@pipeline.task()
def extract() -> list[int]:
    print("extract runs")
    return [1, 2]


@pipeline.task()
def transform(extract: list[int]) -> int:
    if not source["up"]:
        raise ConnectionError("not yet")
    return sum(extract)


@pipeline.task()
def load(transform: int) -> str:
    return f"loaded {transform}"


async def main() -> None:
    async with pipeline:
        old_run_id = await pipeline.run_once()
        source["up"] = True
        new_run_id = await pipeline.resume(old_run_id)
        print(pipeline.get_run_report(new_run_id)["tasks"]["load"]["result"])
        again = await pipeline.resume(new_run_id, from_tasks=["transform"])
        print(pipeline.get_run_report(again)["status"])
        part = await pipeline.run_subgraph(["transform"])
        print(list(pipeline.get_run_report(part)["tasks"]))
        try:
            await pipeline.resume(old_run_id, from_tasks=["unknown"])
        except ValueError:
            print("ValueError")


asyncio.run(main())
