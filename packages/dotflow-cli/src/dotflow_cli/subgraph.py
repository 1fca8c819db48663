"""Parts of a workflow: some tasks with what they need, or with what follows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dotflow.engine.modes import find_mode
from dotflow.errors import ResumeNeedsWorkflowId
from dotflow.model.graph import reachable
from dotflow_cli.errors import unknown_task
from dotflow_cli.streams import print_data

if TYPE_CHECKING:
    from dotflow import DotFlow
    from dotflow.model.graph import Graph
    from dotflow.types import ModeName


def keep_only(flow: DotFlow, mode: ModeName, names: Sequence[str]) -> None:
    """Remove every task but some and all that they depend on.

    Args:
        flow: The workflow, not started.
        mode: How it will run; the order of tasks without `depends_on` depends on it.
        names: The tasks.
    """
    graph = find_mode(mode, flow.task.queue).compile(flow.task.queue)
    kept = reachable(_places(graph, names), graph.upstream)
    flow.task.queue[:] = [
        task for place, task in enumerate(flow.task.queue) if place in kept
    ]


def forget_from(flow: DotFlow, mode: ModeName, names: Sequence[str]) -> None:
    """Delete the checkpoints of some tasks and of all that depend on them.

    Args:
        flow: The workflow, not started.
        mode: How it will run.
        names: The tasks.
    """
    if not flow.has_fixed_id:
        raise ResumeNeedsWorkflowId
    storage = flow.config.storage
    if not storage.persistent:
        raise click.UsageError(
            "--from needs a storage on disk, such as --storage sqlite:///runs.db."
        )
    graph = find_mode(mode, flow.task.queue).compile(flow.task.queue)
    for place in sorted(reachable(_places(graph, names), graph.downstream)):
        task = graph.tasks[place]
        storage.delete(storage.key(task))
        # Each item of a map has a checkpoint of its own beside that of the whole.
        if task.expansion is not None:
            storage.delete_prefix(f"{task.checkpoint_key}~")


def draw(flow: DotFlow, mode: ModeName, resume: bool, as_json: bool) -> None:
    """Check a workflow and print its graph.

    Args:
        flow: The workflow, not started.
        mode: How it would run.
        resume: Whether it would resume.
        as_json: Whether to print JSON.
    """
    if resume and not flow.has_fixed_id:
        raise ResumeNeedsWorkflowId
    view = flow.graph(mode)
    if as_json:
        nodes = [
            {
                "name": node.name,
                "group": node.group,
                "level": node.level,
                "upstream": list(node.upstream),
            }
            for node in view.nodes
        ]
        print_data({"mode": view.mode, "tasks": nodes})
        return
    click.echo(view.to_text(), nl=False)
    click.echo(f"{len(view)} tasks, mode {view.mode}: nothing has run.", err=True)


def _places(graph: Graph, names: Sequence[str]) -> list[int]:
    places = {task.name: place for place, task in enumerate(graph.tasks)}
    for name in names:
        if name not in places:
            raise unknown_task(name, list(places))
    return [places[name] for name in names]
