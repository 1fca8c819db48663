"""Retry, backoff and timeout: what fails is tried again, what hangs is stopped.

Prints:
    unreliable: Completed after 3 attempts: it worked
    attempt 1: ConnectionError: no answer
    attempt 2: ConnectionError: no answer
    endless: Failed, Timeout
"""

from __future__ import annotations

from dotflow import DotFlow, action

answers = iter([None, None, "it worked"])


@action(retry=5, retry_delay=0.05, backoff=True, retry_on=ConnectionError)
def unreliable() -> str:
    """Fail twice: the delays are 0.05 and 0.1 seconds."""
    answer = next(answers)
    if answer is None:
        raise ConnectionError("no answer")
    return answer


@action(timeout=0.2)
def endless() -> None:
    """Never end: the timeout interrupts the loop."""
    while True:
        pass


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(step=unreliable)
    workflow.task.add(step=endless)

    workflow.start()

    first, second = workflow.result_task()
    result = first.current_context.storage
    print(f"{first.name}: {first.status} after {first.attempt} attempts: {result}")
    for error in first.errors:
        print(f"attempt {error.attempt}: {error.exception}: {error.message}")
    print(f"{second.name}: {second.status}, {second.outcome}")
