import asyncio

from dotflow import Pipeline

pipeline = Pipeline(
    "daily_etl",
    executor=None,
    max_workers=8,
    max_parallel=4,
    logger=None,
    hooks=None,
    state_store=None,
)


@pipeline.task()
def extract() -> list[int]:
    return [1, 2, 3]


@pipeline.task(name="sum_values", deps=[extract])
def total(extract: list[int]) -> int:
    return sum(extract)


@pipeline.task()
def doubled(extract: list[int]) -> list[int]:
    return [2 * value for value in extract]


@pipeline.task(deps=["sum_values", "doubled"])
def combine(upstream: dict[str, object]) -> tuple[object, object]:
    return upstream["sum_values"], upstream["doubled"]


users = Pipeline("users")
orders = Pipeline("orders")


@users.task(name="extract")
def extract_users() -> list[str]:
    return ["ada"]


@orders.task(name="extract")
def extract_orders() -> list[int]:
    return [1]


async def main() -> None:
    for each in (pipeline, users, orders):
        async with each:
            run_id = await each.run_once()
            tasks = each.get_run_report(run_id)["tasks"]
            print(each.name, {name: task["result"] for name, task in tasks.items()})


asyncio.run(main())
print(pipeline.dependencies)
