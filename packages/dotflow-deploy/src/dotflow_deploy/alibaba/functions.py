"""What a project needs on Alibaba Cloud: a function, and a timer for it.

With the SDK of Function Compute 3.0, in which a function is no part of a service any
more; new accounts do not get 2.0, the API of `alibabacloud-fc-open20210406`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dotflow_deploy.alibaba.compute import Compute
from dotflow_deploy.alibaba.function import Function, SingleAttempt
from dotflow_deploy.alibaba.package import ImagePackage, Package, ZipPackage
from dotflow_deploy.alibaba.timer import Timer
from dotflow_deploy.stack import Resource, Stack

if TYPE_CHECKING:
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project


def plain(project: Project, options: Options) -> Stack:
    """Declare a function that is called when somebody says so.

    Args:
        project: What runs.
        options: Region, memory, time and builder.

    Raises:
        InvalidProject: Nobody is signed in, or Function Compute does not take an option.
    """
    resources, function = _function(project, options, "alibaba-fc")
    return Stack(resources, lambda: _told(function))


def scheduled(project: Project, options: Options) -> Stack:
    """Declare a function, and a timer that calls it; see `plain`.

    Raises:
        InvalidProject: As of `plain`, or the schedule is none.
        ScheduleNotExpressible: A timer cannot say it.
    """
    resources, function = _function(project, options, "alibaba-fc-scheduled")
    resources.append(Timer(function.compute, function, options.schedule))
    return Stack(resources, lambda: _told(function))


def _function(
    project: Project, options: Options, platform: str
) -> tuple[list[Resource], Function]:
    compute = Compute.connect(options.region)

    @cache
    def package() -> Package:
        if options.builder == "docker":
            return ImagePackage(project, platform, options, compute.region)
        return ZipPackage(project)

    function = Function(compute, project, platform, options, package)
    return [function, SingleAttempt(compute, function)], function


def _told(function: Function) -> dict[str, str]:
    region = function.compute.region
    return {
        "Run it": f"aliyun fc InvokeFunction --region {region}"
        f" --functionName {function.name} --body '{{}}'",
        "Runs": f"https://fcnext.console.aliyun.com/{region}/functions/{function.name}",
    }
