"""A workflow's graph compiled to a platform's own engine, one step a task.

Each function takes a `DotFlow`, which its factory has made, and runs none of its tasks.
"""

from dotflow_deploy.compile.argo import argo
from dotflow_deploy.compile.asl import asl
from dotflow_deploy.compile.github_jobs import (
    github_actions,
    github_jobs,
    install_commands,
)
from dotflow_deploy.compile.google_workflows import google_workflows
from dotflow_deploy.compile.refusals import NotCompilable
from dotflow_deploy.compile.steps import Plan, Step, read_plan
from dotflow_deploy.compile.text import to_json, to_yaml

__all__ = [
    "NotCompilable",
    "Plan",
    "Step",
    "argo",
    "asl",
    "github_actions",
    "github_jobs",
    "google_workflows",
    "install_commands",
    "read_plan",
    "to_json",
    "to_yaml",
]
