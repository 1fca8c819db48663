"""Parallel: every task at once, each in a process of its own.

Prints:
    primes below 10000: 1229
    primes below 20000: 2262
    primes below 30000: 3245
    in this process: 0 of 3
"""

from __future__ import annotations

import os

from dotflow import Context, DotFlow, action


@action
def count_primes(initial_context: Context) -> tuple[int, int, int]:
    """Count the primes below a number, the slow way."""
    bound: int = initial_context.storage
    primes: list[int] = []
    for number in range(2, bound):
        root = int(number**0.5)
        for prime in primes:
            if prime > root:
                primes.append(number)
                break
            if number % prime == 0:
                break
        else:
            primes.append(number)
    return bound, len(primes), os.getpid()


if __name__ == "__main__":
    workflow = DotFlow()
    for bound in (10_000, 20_000, 30_000):
        workflow.task.add(step=count_primes, initial_context=bound)

    workflow.start(mode="parallel")

    here = 0
    for bound, count, process in workflow.result_storage():
        print(f"primes below {bound}: {count}")
        here += process == os.getpid()
    print(f"in this process: {here} of {workflow.task.count()}")
