"""`CompositeTracer`: several tracers as one."""

from __future__ import annotations

from dotflow.abc.tracer import Tracer
from dotflow.base.fan_out import FanOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any

    from dotflow.model.outcome import Around


class CompositeTracer(FanOut, Tracer, family=Tracer):  # type: ignore[override]
    """Tells everything to several tracers; see `FanOut`.

    Args:
        parts: The tracers.
    """

    def around(self, task: Any) -> Around | None:
        """Return what any of them asks for; see `Tracer.around`."""
        wanted: list[Around] = []
        for index, part in enumerate(self.parts):
            try:
                one = part.around(task) if part.active else None
            except Exception as error:  # noqa: BLE001 - telling never breaks running
                self._report(index, error)
            else:
                if one is not None:
                    wanted.append(one)
        return Arounds(wanted) if wanted else None


class Arounds:
    """What several tracers put around an attempt, one inside of the other.

    One that cannot be entered, or be sent to another process, is left out.

    Args:
        wanted: What each of them asked for.
    """

    def __init__(self, wanted: list[Around]) -> None:
        self._wanted = wanted

    def __call__(self) -> AbstractContextManager[Any]:
        """Enter them all, and return what leaves them all."""
        from contextlib import ExitStack

        from dotflow.abc.around import entered

        stack = ExitStack()
        for around in self._wanted:
            stack.enter_context(entered(around))
        return stack

    def __getstate__(self) -> list[bytes | None]:
        from dotflow.abc.around import pack_around

        # Each by itself: one that cannot be pickled must not cost the others.
        return [pack_around(around) for around in self._wanted]

    def __setstate__(self, state: list[bytes | None]) -> None:
        from dotflow.abc.around import unpack_around

        found = map(unpack_around, state)
        self._wanted = [around for around in found if around is not None]
