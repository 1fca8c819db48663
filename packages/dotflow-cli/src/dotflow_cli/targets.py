"""What `--workflow` and `--step` name, imported."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dotflow import Config, DotFlow
from dotflow.base.arguments import Module
from dotflow.base.parameters import parameters_of
from dotflow.base.suggest import hint
from dotflow.errors import (
    ImportModuleError,
    InvalidWorkflowFactory,
    WorkflowFlagConflict,
)
from dotflow.model.action import Action
from dotflow.serving.factory import as_workflow, call_factory, described, is_pipeline
from dotflow_cli.errors import usage_errors, user_code
from dotflow_cli.inputs import read_context, read_params
from dotflow_cli.resumable import id_of_step
from dotflow_cli.storages import at_path, open_storage

if TYPE_CHECKING:
    from types import ModuleType

    from dotflow import Pipeline


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
    may_start: bool = False,
) -> DotFlow:
    """Make the workflow that a user's argument names.

    Args:
        where: A `DotFlow`, a `Pipeline`, or a callable that returns one.
        params: Arguments for the callable, as the user wrote them, or by their names.
        initial_context: The initial context of a pipeline.
        callback: Refused: only the workflow itself can say which step it is for.
        may_start: Whether the callable may start the workflow itself; `factory_run` is
            that run then. Otherwise that is refused before anything runs.

    Returns:
        The workflow, not started here. A pipeline runs as the one part of a workflow.

    Raises:
        UsageError: There is no workflow.
    """
    with usage_errors():
        if callback is not None:
            raise WorkflowFlagConflict("--callback")
        found = workflow_or_pipeline(where, params, may_start=may_start)
        if not isinstance(found, DotFlow):
            return as_workflow(found, read_context(initial_context))
        # Of one that has run already nothing is refused: what came too late is named.
        if initial_context is not None and found.factory_run is None:
            raise WorkflowFlagConflict("--initial-context")
        return found


def workflow_or_pipeline(
    where: str,
    params: Sequence[str] | Mapping[str, Any] = (),
    *,
    may_start: bool = False,
) -> DotFlow | Pipeline:
    """Return what a user's argument names, as it is; see `workflow`."""
    with usage_errors():
        arguments = dict(params) if isinstance(params, Mapping) else read_params(params)

        def call() -> Any:
            found = load(where)  # which starts a workflow, too, if it is a script
            if isinstance(found, DotFlow) or is_pipeline(found):
                if arguments:
                    raise click.UsageError(
                        f"--param is for a function, and {where!r} is a workflow already."
                    )
                return found
            _check(found, where, arguments)
            with user_code(f"calling {where!r}"):
                return found(**arguments)

        return call_factory(where, call, may_start=may_start)


_workflow = workflow  # whose name is an argument's below


def prepared(
    *,
    workflow: str | None,
    step: str | None,
    params: Sequence[str] | Mapping[str, Any],
    callback: str | None,
    initial_context: str | None,
    storage: str | None,
    path: str | None,
    workflow_id: str | None,
    resume: bool,
    may_start: bool = False,
) -> DotFlow:
    """Make what `--workflow` or `--step` names, with the storage and the id given beside.

    Args:
        workflow: Where the workflow is; see `workflow`.
        step: Where the step is, instead of a workflow; see `step_flow`.
        params: As of `workflow`.
        callback: As of `step_flow`.
        initial_context: As of both.
        storage: The name or address of its storage.
        path: The path of that, or of the workflow's own.
        workflow_id: The id of its runs.
        resume: Whether a run is to go on: a step that was given no id has one then.
        may_start: As of `workflow`; nothing is changed of one that has started.

    Raises:
        ClickException: There is no such thing, or it cannot be set so.
    """
    chosen = open_storage(storage, path)
    if step is None:
        flow = _workflow(
            str(workflow),
            params,
            initial_context=initial_context,
            callback=callback,
            may_start=may_start,
        )
        if flow.factory_run is not None:
            return flow
    else:
        flow = step_flow(step, callback, initial_context)
        if resume and not flow.has_fixed_id:
            workflow_id = workflow_id or id_of_step(step)
    with usage_errors():
        if chosen is None and path is not None:
            chosen = at_path(flow.config.storage, path)
        return flow.configure(storage=chosen, workflow_id=workflow_id)


def _check(factory: Any, where: str, arguments: Mapping[str, Any]) -> None:
    if isinstance(factory, Action):
        raise InvalidWorkflowFactory(
            where,
            f"it is an action: run it with --step {where}, or take @action off a"
            " function that returns a workflow",
        )
    if not callable(factory):
        raise InvalidWorkflowFactory(where, f"it is {described(factory)}")
    import inspect

    try:
        inspect.signature(factory).bind(**arguments)
    except ValueError:
        pass  # a callable that tells no signature
    except TypeError as error:
        known = parameters_of(factory).names
        meant = "".join(hint(name, known) for name in arguments if name not in known)
        raise click.UsageError(
            f"{where!r} cannot be called with these arguments: {error}.{meant} Give each"
            f" as --param key=value. It takes: {', '.join(known) or 'none'}."
        ) from error


def _import_file(path: Path, where: str) -> ModuleType:
    """Import a file under its own name, as `python file.py` finds what is beside it.

    In a package it is a module of that, so that its relative imports work. Worker
    processes import it again by that name, so its folder has to be on the path.
    """
    if not path.is_file():
        raise ImportModuleError(where, f"there is no file {str(path)!r}")
    path = path.resolve()
    top, name = path.parent, path.stem
    while (top / "__init__.py").is_file():
        top, name = top.parent, f"{top.name}.{name}"
    folder = str(top)
    known = sys.modules.get(name)
    if known is not None:
        if Path(getattr(known, "__file__", None) or "").resolve() == path:
            return known
        raise ImportModuleError(
            where, f"another module is called {name!r}: rename the file"
        )
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if "." in name:
        return importlib.import_module(name)
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
