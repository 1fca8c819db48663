"""What `--workflow` and `--step` name, imported."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dotflow import Config, DotFlow
from dotflow.base.arguments import Module
from dotflow.errors import (
    ImportModuleError,
    InvalidWorkflowFactory,
    WorkflowFlagConflict,
)
from dotflow.model.action import Action
from dotflow.serving.run import as_workflow
from dotflow_cli.errors import usage_errors, user_code
from dotflow_cli.inputs import read_context, read_params

if TYPE_CHECKING:
    from types import ModuleType


def load(where: str) -> Any:
    """Return the object that a user's argument names.

    Args:
        where: `module.name`, `module:name` or `path/to/file.py:name`.

    Raises:
        ImportModuleError: It leads nowhere.
        ClickException: The code raised; its traceback has been shown.
    """
    path, separator, name = where.rpartition(":")
    if not separator and where.endswith(".py"):
        raise ImportModuleError(where, f"write it as '{where}:name'")
    with user_code(f"importing {where!r}"):
        if not path.endswith(".py"):
            return Module(where)
        found: Any = _import_file(Path(path), where)
        for part in name.split("."):
            if not hasattr(found, part):
                raise ImportModuleError(where, f"{path!r} has no {name!r}")
            found = getattr(found, part)
        return found


def step_flow(step: str, callback: str | None, initial_context: str | None) -> DotFlow:
    """Make a workflow of one step, with the providers that the environment asks for.

    Args:
        step: Where the step is.
        callback: Where the step's callback is.
        initial_context: The step's initial context as the user wrote it.

    Returns:
        The workflow, not started.
    """
    with usage_errors():
        flow = DotFlow(config=Config.from_env())
        options: dict[str, Any] = {"initial_context": read_context(initial_context)}
        if callback is not None:
            options["callback"] = load(callback)
        flow.task.add(load(step), **options)
        return flow


def workflow(
    where: str,
    params: Sequence[str] | Mapping[str, Any] = (),
    *,
    initial_context: str | None = None,
    callback: str | None = None,
) -> DotFlow:
    """Make the workflow that a user's argument names.

    Args:
        where: A `DotFlow`, a `Pipeline`, or a callable that returns one.
        params: Arguments for the callable, as the user wrote them, or by their names.
        initial_context: The initial context of a pipeline.
        callback: Refused: only the workflow itself can say which step it is for.

    Returns:
        The workflow, not started. A pipeline runs as the one part of a workflow.

    Raises:
        UsageError: There is no workflow.
    """
    with usage_errors():
        if callback is not None:
            raise WorkflowFlagConflict("--callback")
        arguments = dict(params) if isinstance(params, Mapping) else read_params(params)
        found = load(where)
        if not _is_workflow(found):
            found = _call(found, where, arguments)
        elif arguments:
            raise click.UsageError(
                f"--param is for a function, and {where!r} is a workflow already."
            )
        if isinstance(found, DotFlow):
            if initial_context is not None:
                raise WorkflowFlagConflict("--initial-context")
            return found
        return as_workflow(found, read_context(initial_context))


def _call(factory: Any, where: str, arguments: Mapping[str, Any]) -> Any:
    if isinstance(factory, Action):
        raise InvalidWorkflowFactory(
            where, f"it is an action: run it with --step {where}"
        )
    if not callable(factory):
        raise InvalidWorkflowFactory(where, f"it is {_described(factory)}")
    import inspect

    try:
        inspect.signature(factory).bind(**arguments)
    except ValueError:
        pass  # a callable that tells no signature
    except TypeError as error:
        raise click.UsageError(
            f"{where!r} cannot be called with these arguments: {error}. Give each as"
            " --param key=value."
        ) from error
    with user_code(f"calling {where!r}"):
        found = factory(**arguments)
    if not _is_workflow(found):
        raise InvalidWorkflowFactory(where, f"it returned {_described(found)}")
    return found


def _is_workflow(value: Any) -> bool:
    if isinstance(value, DotFlow):
        return True
    # Whoever has a Pipeline has imported its module.
    module = sys.modules.get("dotflow.pipeline")
    return module is not None and isinstance(value, module.Pipeline)


def _described(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    article = "an" if name[0].lower() in "aeiou" else "a"
    if name == "Manager":
        return "a Manager: it has started the workflow already"
    if hasattr(value, "close") and name == "coroutine":
        value.close()  # or Python would warn that nobody awaited it
        return "a coroutine: the function must not be async"
    return f"{article} {name}"


def _import_file(path: Path, where: str) -> ModuleType:
    """Import a file under its own name, as `python file.py` finds what is beside it.

    Worker processes import it again by that name, so its folder has to be on the path.
    """
    name = path.stem
    if not path.is_file():
        raise ImportModuleError(where, f"there is no file {str(path)!r}")
    folder = str(path.resolve().parent)
    known = sys.modules.get(name)
    if known is not None:
        if Path(getattr(known, "__file__", None) or "").resolve() == path.resolve():
            return known
        raise ImportModuleError(
            where, f"another module is called {name!r}: rename the file"
        )
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportModuleError(where, f"{str(path)!r} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
