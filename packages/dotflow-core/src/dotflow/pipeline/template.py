"""`task_template`: one function as several tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dotflow.pipeline.dags import DagScope
    from dotflow.pipeline.registry import Deps


@dataclass(frozen=True)
class TaskTemplate:
    """A function that becomes a task under every name it is bound to.

    Args:
        func: The function.
        options: What each task is declared with unless `bind` says otherwise.
    """

    func: Callable[..., Any]
    options: dict[str, Any]

    def bind(
        self,
        name: str,
        *,
        to: DagScope,
        deps: Deps | None = None,
        **options: Any,
    ) -> str:
        """Declare a task and return its name, which serves as a dependency.

        Args:
            name: The name of the task.
            to: The pipeline.
            deps: Its dependencies, as in `Pipeline.task`.
            **options: More arguments of `Pipeline.task`.
        """
        to.task(name, deps, **{**self.options, **options})(self.func)
        return name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the plain function."""
        return self.func(*args, **kwargs)


def task_template(**options: Any) -> Callable[[Callable[..., Any]], TaskTemplate]:
    """Make the decorated function a template of tasks.

    Args:
        **options: Arguments of `Pipeline.task` for all of them.
    """

    def declare(func: Callable[..., Any]) -> TaskTemplate:
        return TaskTemplate(func, options)

    return declare
