"""The end of a script that runs its pipeline, or resumes the run before."""

from __future__ import annotations

RESUMING = """

    if __name__ == "__main__":
        former = store.list_runs()
        if former:
            print(former[0].status, end=" ")
            run_id = asyncio.run(pipeline.resume(former[0].run_id))
        else:
            run_id = pipeline.run()["run_id"]
        report = pipeline.get_run_report(run_id)
        print(report["status"], list(report["tasks"].values())[-1]["result"])
"""
