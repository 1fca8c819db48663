"""Report: one value for a run, to keep, send or draw; and the graph before it runs.

Prints:
    1  ●    extract
    2  ├─●  check
    2  ● │  total
    3  ●─┘  publish
    the run: Completed
    extract: Completed in 1 attempt, a list of 3
    check: Completed in 2 attempts, a bool
    total: Completed in 1 attempt, a int
    publish: Completed in 1 attempt, a str of 12
    attempt 1 of check: ConnectionError: try again
    flowchart LR
      n0["extract<br/>completed"]
    the same after JSON: True
    a Gantt chart of 4 tasks
"""

from __future__ import annotations

from itertools import count

from dotflow import Context, DotFlow, action
from dotflow.report import RunReport

calls = count(1)


@action
def extract() -> list[int]:
    """Return some numbers."""
    return [1, 2, 3]


@action(retry=2, retry_delay=0.01)
def check() -> bool:
    """Succeed at the second attempt."""
    if next(calls) == 1:
        raise ConnectionError("try again")
    return True


@action
def total(previous_context: Context) -> int:
    """Add them up."""
    return sum(previous_context.storage)


@action
def publish(total: int) -> str:
    """Use a result by the name of its task."""
    return f"the sum is {total}"


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(extract)
    workflow.task.add(check, depends_on=extract)
    workflow.task.add(total, depends_on=extract)
    workflow.task.add(publish, depends_on=[check, total])
    print(workflow.graph().to_text(), end="")

    report = workflow.start().report()

    print(f"the run: {report.status}")
    for task in report:
        number = len(task.attempts)
        assert task.result is not None
        size = "" if task.result.size is None else f" of {task.result.size}"
        print(
            f"{task.name}: {task.state} in {number} attempt{'s' if number > 1 else ''},"
            f" a {task.result.type}{size}"
        )
    error = report["check"].attempts[0].error
    assert error is not None
    print(f"attempt 1 of check: {error.exception}: {error.message}")

    print("\n".join(report.to_mermaid().splitlines()[:2]))
    print(f"the same after JSON: {RunReport.from_json(report.to_json()) == report}")
    assert report.to_svg().startswith("<svg")
    print(f"a Gantt chart of {len(report)} tasks")
