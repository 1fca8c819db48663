"""Continuous integration, which can run a workflow as well."""

from __future__ import annotations

from functools import partial
from typing import Final

from dotflow_deploy.platforms.platform import Family, File, Platform, Scheduling
from dotflow_deploy.platforms.shared import readme
from dotflow_deploy.schedule import github, gitlab

_pipeline: Final = partial(Platform, family=Family.CI, scheduling=Scheduling.OPTIONAL)

PLATFORMS: Final = (
    _pipeline(
        name="github-actions",
        title="GitHub Actions",
        description="A workflow of one job, by hand or on a schedule",
        files=(
            File(".github/workflows/dotflow.yml", "github-actions/dotflow.yml"),
            readme("github-actions"),
        ),
        start="git add .github/workflows/dotflow.yml",
        dialect=github,
    ),
    _pipeline(
        name="gitlab-ci",
        title="GitLab CI",
        description="A pipeline of one job, by hand or on a schedule",
        files=(File(".gitlab-ci.yml", "gitlab-ci/gitlab-ci.yml"), readme("gitlab-ci")),
        start="git add .gitlab-ci.yml",
        dialect=gitlab,
    ),
)
