"""What is deployed: a user's project, its workflow, its files and dependencies."""

from dotflow_deploy.project.dependencies import Dependencies, read_dependencies
from dotflow_deploy.project.files import (
    dockerignore,
    gitignore,
    project_digest,
    project_files,
    select,
)
from dotflow_deploy.project.names import check_name, check_region, kebab, shortened
from dotflow_deploy.project.project import Project, load_project, named_project

__all__ = [
    "Dependencies",
    "Project",
    "check_name",
    "check_region",
    "dockerignore",
    "gitignore",
    "kebab",
    "load_project",
    "named_project",
    "project_digest",
    "project_files",
    "read_dependencies",
    "select",
    "shortened",
]
