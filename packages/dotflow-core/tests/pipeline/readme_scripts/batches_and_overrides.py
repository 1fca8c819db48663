import asyncio
from dataclasses import dataclass

from dotflow import Pipeline, RunContext


@dataclass
class ChunkDeps:
    chunk_index: int
    rows: list


pipeline = Pipeline("chunks")


@pipeline.task()
def extract(context: RunContext[ChunkDeps]) -> list:
    return context.rows


@pipeline.task()
def total(extract: list) -> int:
    return sum(row["value"] for row in extract)


async def chunk_contexts():
    for chunk_index in range(3):
        rows = [{"value": chunk_index * 10 + offset} for offset in range(3)]
        yield RunContext(ChunkDeps(chunk_index=chunk_index, rows=rows)).with_metadata(
            batch_id=chunk_index,
            source="users_api",
        )


async def main() -> None:
    async with pipeline:
        run_ids = await pipeline.run_many(chunk_contexts())
        for run_id in run_ids:
            report = pipeline.get_run_report(run_id)
            print(report["metadata"], report["tasks"]["total"]["result"])

    test_pipeline = pipeline.override_tasks(
        extract=[{"id": 1, "value": 10}],
    )
    run_id = await test_pipeline.run_once(context=RunContext(None))
    report = test_pipeline.get_run_report(run_id)
    print(report["tasks"]["total"]["result"])


asyncio.run(main())
