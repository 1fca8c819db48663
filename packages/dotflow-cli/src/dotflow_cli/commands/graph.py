"""`dotflow graph`: what runs after what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow_cli.options import examples, format_option, mode_option, workflow_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.types import ModeName


@examples(
    "dotflow graph -w shop.workflow:build",
    "dotflow graph -w shop.workflow:build --format svg --output graph.svg",
)
@click.command("graph")
@workflow_option(required=True)
@mode_option
@format_option(("text", "mermaid", "svg", "html"), "How to draw it.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    help="Write it to this file.",
)
def command(
    workflow: str,
    params: tuple[str, ...],
    mode: ModeName,
    kind: str,
    output: str | None,
) -> None:
    """Draw the graph of a workflow, without running it."""
    from functools import partial
    from pathlib import Path

    from dotflow_cli import targets
    from dotflow_cli.errors import usage_errors

    with usage_errors():
        view = targets.workflow(workflow, params).graph(mode)
        draw: dict[str, Callable[[], str]] = {
            "text": view.to_text,
            "mermaid": view.to_mermaid,
            "svg": view.to_svg,
            "html": partial(view.to_html, workflow),
        }
        text = draw[kind]()
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(
            f"{output!r} cannot be written: {error.strerror}."
        ) from error
    click.echo(f"Wrote {output}.", err=True)
