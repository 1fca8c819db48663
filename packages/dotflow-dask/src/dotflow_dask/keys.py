"""How Dask's keys name attempts of ours."""

from __future__ import annotations

from uuid import uuid4

# In the first part of a key, after the name of the step.
MARK = "-dotflow0"

Key = tuple[str, int, int, int, int]


def new_run() -> str:
    """Return what tells the keys of one run from those of all others."""
    # A digit first: what follows the name of a step must not look like a part of it.
    return f"{MARK[1:]}{uuid4().hex[:12]}"


def is_ours(key: object) -> bool:
    """Say whether a key names an attempt of a dotflow run."""
    return isinstance(key, tuple) and MARK in str(key[0])


def make_key(step: str, run: str, node: int, number: int, again: int) -> Key:
    """Return the key of an attempt.

    Dask learns durations, queues and steals by the first part of a key up to its first
    word that is none: it has to be the name of the step, the same for all its tasks.

    Args:
        step: The name of the step.
        run: What `new_run` returned.
        node: The place of the task; that of an item has an index.
        number: Which attempt it is.
        again: How often it was assigned before to a worker that died before it began.
    """
    return (f"{step}-{run}", int(node), getattr(node, "index", -1), number, again)
