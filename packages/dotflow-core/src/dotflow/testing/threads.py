"""Several calls at the same time, as tests of what threads share make them."""

from __future__ import annotations

import threading
from collections.abc import Callable


def at_once(*calls: Callable[[], object]) -> None:
    """Make calls in threads that begin together, and wait for their ends.

    Args:
        *calls: The calls.

    Raises:
        AssertionError: One of them has raised.
    """
    # Without it the first may be over before the last has begun.
    begin = threading.Barrier(len(calls))
    problems: list[BaseException] = []

    def run(call: Callable[[], object]) -> None:
        try:
            begin.wait()
            call()
        except BaseException as error:  # noqa: BLE001 - reported below
            problems.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems
