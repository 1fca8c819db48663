"""How much processor and memory a task on Fargate can have."""

from __future__ import annotations

from typing import Final

from dotflow_deploy.errors import InvalidProject

_GIB: Final = 1024
_MEMORIES: Final[dict[int, range | tuple[int, ...]]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}


def fargate_size(memory: int) -> tuple[int, int]:
    """Return the smallest size of a task that has a memory, at least.

    Args:
        memory: In MiB.

    Returns:
        The processor in units, of which 1024 are one, and the memory in MiB.

    Raises:
        InvalidProject: Fargate has none so large.
    """
    sizes = [
        (size, units)
        for units, there_are in _MEMORIES.items()
        for size in there_are
        if size >= memory
    ]
    if not sizes:
        raise InvalidProject(
            f"--memory {memory}: a task on Fargate has {120 * _GIB} MB at most"
        )
    size, units = min(sizes)
    return units, size
