"""Any graph as nested series and parallels, for engines that know no other shapes.

A graph of forks and joins has an exact form: nothing waits for more than its own
upstream. In one that has none, such as `a -> c, a -> d, b -> d`, some step waits for
more than it must, but never for less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from dotflow_deploy.compile.steps import Step

DEPTH: Final = 20
"""Parallels within parallels, where the engine sets no bound itself."""


@dataclass(frozen=True)
class Series:
    """Blocks of which each begins when the one before it has ended."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Parallel:
    """Blocks that run at the same time; it ends when all have ended."""

    blocks: tuple[Block, ...]


Block: TypeAlias = "Step | Series | Parallel"
"""What a plan is made of."""


def as_blocks(steps: Sequence[Step], depth: int = DEPTH) -> Block:
    """Return steps as blocks.

    It splits what is not connected into parallels, and what is ordered as a whole into
    series: those two are exact. What is neither is cut after the steps that wait for
    nothing.

    Args:
        steps: At least one, each after those that it waits for.
        depth: How many parallels may be within each other; below that, one step follows
            the other.
    """
    return _Decomposition(steps).of(range(len(steps)), depth)


def in_series(block: Block) -> tuple[Block, ...]:
    """Return the blocks that follow each other in a block: one, if it is no series."""
    return block.blocks if isinstance(block, Series) else (block,)


def extra_waits(steps: Sequence[Step], block: Block) -> int:
    """Return how many pairs of steps a block puts in an order that they need not have.

    Args:
        steps: The steps, each after those that it waits for.
        block: What `as_blocks` made of them.
    """
    needed = sum(bits.bit_count() for bits in _Decomposition(steps).above)
    return _ordered(block)[1] - needed


def _ordered(block: Block) -> tuple[int, int]:
    """Return how many steps there are, and of how many pairs one waits for the other."""
    if not isinstance(block, (Series, Parallel)):
        return 1, 0
    count = pairs = 0
    for one in block.blocks:
        inside, inner = _ordered(one)
        pairs += inner + (count * inside if isinstance(block, Series) else 0)
        count += inside
    return count, pairs


class _Decomposition:
    """Decomposes the order that the edges of steps make.

    Sets of steps are bits of a number: what of a thousand steps is connected is then a
    few operations.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        places = {step.id: place for place, step in enumerate(steps)}
        self.above = [0] * len(steps)
        self._related = [0] * len(steps)
        for place, step in enumerate(steps):
            for name in step.upstream:
                up = places[name]
                self.above[place] |= self.above[up] | 1 << up
        for place, above in enumerate(self.above):
            self._related[place] |= above
            for up in _places(above):
                self._related[up] |= 1 << place

    def of(self, places: Sequence[int], depth: int) -> Block:
        blocks: list[Block] = []
        rest = list(places)
        while rest:
            # No deeper: one after the other is always right, since each comes after
            # those that it waits for.
            if depth == 0 or len(rest) == 1:
                blocks.extend(self._steps[place] for place in rest)
                break
            parts = self._parts(rest, related=True)
            if len(parts) > 1:
                blocks.append(Parallel(tuple(self.of(p, depth - 1) for p in parts)))
                break
            # Parts of which each is ordered with all of the others, if there are any.
            parts = self._parts(rest, related=False)
            if len(parts) > 1:
                blocks.extend(self.of(part, depth) for part in parts)
                break
            # Neither: this cut is what makes steps wait that need not.
            inside = _bits(rest)
            first = [p for p in rest if not self.above[p] & inside]
            blocks.append(self.of(first, depth))
            rest = [p for p in rest if self.above[p] & inside]
        flat = [b for block in blocks for b in in_series(block)]
        return flat[0] if len(flat) == 1 else Series(tuple(flat))

    def _parts(self, places: Sequence[int], *, related: bool) -> list[list[int]]:
        """Split steps into those that are connected, in the order of their first."""
        left = inside = _bits(places)
        parts = []
        for place in places:
            if not left >> place & 1:
                continue
            found = waiting = 1 << place
            left &= ~found
            while waiting:
                one = waiting.bit_length() - 1
                waiting &= ~(1 << one)
                near = self._related[one] if related else ~self._related[one]
                near &= left & inside
                left &= ~near
                found |= near
                waiting |= near
            parts.append([p for p in places if found >> p & 1])
        return parts


def _bits(places: Sequence[int]) -> int:
    total = 0
    for place in places:
        total |= 1 << place
    return total


def _places(bits: int) -> list[int]:
    found = []
    while bits:
        one = bits.bit_length() - 1
        bits &= ~(1 << one)
        found.append(one)
    return found
