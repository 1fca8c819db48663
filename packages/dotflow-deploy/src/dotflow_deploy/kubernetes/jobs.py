"""A project as a Job, or with a schedule as a CronJob, and what that needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.kubernetes.cluster import Cluster
from dotflow_deploy.kubernetes.parts import Account, Variables
from dotflow_deploy.kubernetes.workload import JOBS, Workload, condition, every
from dotflow_deploy.stack import Stack

if TYPE_CHECKING:
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project


def stack(project: Project, options: Options) -> Stack:
    """Declare a project as a Job or, with a schedule, as a CronJob.

    It goes to the cluster of kubectl's current context.

    Args:
        project: What runs.
        options: When, with how much, from which image, in which namespace.

    Raises:
        InvalidProject: There is a region, or a builder other than docker.
    """
    if options.region is not None:
        raise InvalidProject(
            "A cluster is chosen by kubectl's context (kubectl config use-context):"
            " leave out --region"
        )
    if options.builder not in (None, "docker"):
        raise InvalidProject("Kubernetes runs images: leave out --builder")
    cluster = Cluster(options.namespace)
    account = Account(cluster, project)
    variables = Variables(cluster, project)
    workload = Workload(cluster, project, options, variables)

    def outputs() -> dict[str, str]:
        where = "" if options.namespace is None else f" -n {options.namespace}"
        told = {}
        for kind, each in every(workload.state or {}):
            name = each["metadata"]["name"]
            if kind == JOBS:
                told["State"] = condition(each)
                told["Logs"] = f"kubectl logs --follow job/{name}{where}"
            else:
                told["Schedule"] = f"{each['spec']['schedule']} UTC"
                now = f"{name}-now"
                told["Run it now"] = (
                    f"kubectl create job --from=cronjob/{name} {now}{where}"
                )
        return told

    return Stack([account, variables, workload], outputs)
