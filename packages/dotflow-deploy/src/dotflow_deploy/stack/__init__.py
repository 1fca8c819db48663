"""What a deployment consists of: declared resources, with plan, apply and destroy."""

from dotflow_deploy.stack.change import Change, Difference, Plan
from dotflow_deploy.stack.compare import compare, compare_variables
from dotflow_deploy.stack.ownership import is_marked, marks
from dotflow_deploy.stack.resource import Resource, State
from dotflow_deploy.stack.stack import Progress, Stack

__all__ = [
    "Change",
    "Difference",
    "Plan",
    "Progress",
    "Resource",
    "Stack",
    "State",
    "compare",
    "compare_variables",
    "is_marked",
    "marks",
]
