"""What a user sees of the platforms, and of files made for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from dotflow_cli.tables import print_table, safe_text
from dotflow_deploy.deployers import DEPLOYERS

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow_deploy.generate import Outcome
    from dotflow_deploy.platforms import Platform

_SCHEDULES = {"none": "no", "optional": "yes", "always": "always"}


def to_dict(platform: Platform) -> dict[str, Any]:
    """Return what is known of a platform as what JSON can hold."""
    return {
        "platform": platform.name,
        "title": platform.title,
        "family": str(platform.family),
        "description": platform.description,
        "schedule": str(platform.scheduling),
        "region": platform.region or None,
        "deploy": platform.name in DEPLOYERS,
        "files": [file.target for file in platform.files],
    }


def print_catalogue(platforms: Sequence[Platform]) -> None:
    """Print platforms as a table, each family's together."""
    rows = []
    family = ""
    for platform in platforms:
        shown = "" if platform.family == family else str(platform.family)
        family = platform.family
        rows.append(
            [
                shown,
                platform.name,
                platform.description,
                _SCHEDULES[platform.scheduling],
                "yes" if platform.name in DEPLOYERS else "",
            ]
        )
    print_table(["Family", "Platform", "Runs as", "Schedule", "Deploy"], rows)
    click.echo(
        f"{len(platforms)} platforms. Their files: dotflow cloud generate --platform"
        " NAME; where Deploy says yes, `dotflow deploy` does it all.",
        err=True,
    )


def print_platform(platform: Platform) -> None:
    """Print all that is known of a platform."""
    facts = {
        "platform": platform.name,
        "title": platform.title,
        "family": str(platform.family),
        "runs as": platform.description,
        "schedule": _SCHEDULES[platform.scheduling],
        "region": platform.region,
        "deploy": "yes" if platform.name in DEPLOYERS else "no",
    }
    for name, value in facts.items():
        if value:
            click.echo(f"{name:<9} {value}")
    for file in platform.files:
        click.echo(f"{'file':<9} {file.target}")


def print_generation(folder: Path, outcomes: Mapping[str, Outcome], start: str) -> None:
    """Print what was written, and the command to run next."""
    for target, outcome in outcomes.items():
        click.echo(safe_text(f"{outcome.capitalize():<9} {folder / target}"))
    guide = next((t for t in reversed(list(outcomes)) if t.endswith("README.md")), None)
    click.echo(f"Next:\n  {start}")
    if guide is not None:
        click.echo(safe_text(f"More, with secrets and schedules: {folder / guide}"))
