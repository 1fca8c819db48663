"""The Lambda function of a deployment, with what every one of them needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.aws.account import Account
from dotflow_deploy.aws.bucket import WorkBucket
from dotflow_deploy.aws.code import Code, ImageCode, ZipCode
from dotflow_deploy.aws.function import Function, Settings
from dotflow_deploy.aws.image import Image
from dotflow_deploy.aws.log_group import LogGroup
from dotflow_deploy.aws.names import bucket_name, role_name
from dotflow_deploy.aws.packaging import HANDLER, FunctionImage, FunctionZip, generated
from dotflow_deploy.aws.policy import Document, document, trust_lambda, write_log
from dotflow_deploy.aws.repository import Repository
from dotflow_deploy.aws.resource import Site
from dotflow_deploy.aws.role import Role
from dotflow_deploy.errors import InvalidProject

if TYPE_CHECKING:
    from dotflow_deploy.build import Builder
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project
    from dotflow_deploy.stack import Resource

MEMORY: Final = range(128, 10_240 + 1)
TIMEOUT: Final = range(1, 900 + 1)

ENV: Final = {"DOTFLOW_OUTPUT_PATH": "/tmp/.output"}  # noqa: S108 - all there is
"""Nothing outside of /tmp can be written."""


# Lambda sets them itself, and refuses others' values.
_RESERVED: Final = {
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
}


@dataclass(frozen=True)
class FunctionParts:
    """A function, and what it builds upon.

    Attributes:
        site: Where it is.
        function: The function.
        before: What comes before it in a stack, in order.
    """

    site: Site
    function: Function
    before: Sequence[Resource]


def site_of(platform: str, project: Project, options: Options) -> Site:
    """Return where a deployment goes."""
    account = Account(options.region, tuple(project.env.values()))
    return Site(account, project.name, platform, options.echo)


def declare_function(
    site: Site,
    project: Project,
    options: Options,
    *,
    allowed: Callable[[], Sequence[Document]] = tuple,
    env: Mapping[str, str] | None = None,
    builder: Builder[Any] | None = None,
    files: Callable[[], Mapping[str, str]] | None = None,
) -> FunctionParts:
    """Declare a project's function, its role, its log group and where its code is.

    Args:
        site: Where it goes.
        project: What it runs.
        options: How.
        allowed: Returns what it may do beside writing its log.
        env: Variables beside those of the project, which win.
        builder: Makes its zip file, or its image. Default: pip or docker do, with what
            the project depends on.
        files: Returns the files of the platform, its handler among them. Default: they
            are generated.

    Raises:
        InvalidProject: Lambda does not go that far.
    """
    _check(options, project)
    name = project.name
    files = files or (lambda: generated(site.platform, project, options.echo))
    logs = LogGroup(f"/aws/lambda/{name}", site)
    role = Role(
        role_name(site, "lambda"),
        site,
        trust_lambda,
        lambda: document(write_log(logs.arn), *allowed()),
    )
    bucket = WorkBucket(bucket_name(site, "code"), site)
    bucket.wanted = False  # it is there while a large zip file is on its way
    arn = site.account.arn("lambda", f"function:{name}")
    repository = Repository(
        f"{project.name}-lambda", site, lambda: _may_pull(site, arn)
    )

    def handler() -> str:
        return files()[HANDLER]

    docker = options.builder == "docker"
    made = FunctionImage(
        project, handler, repository.uri, repository.login, rebuild=options.rebuild
    )
    image = Image(
        repository, builder if docker and builder else made, rebuild=options.rebuild
    )
    code: Code
    if docker:
        code = ImageCode(image)
    else:
        code = ZipCode(builder or FunctionZip(project, handler), bucket, options.echo)
    repository.wanted = image.wanted = docker
    function = Function(
        name,
        site,
        role,
        Settings(
            options.memory,
            options.timeout,
            project.python,
            {**ENV, **(env or {}), **project.env},
        ),
        code,
        rebuild=options.rebuild,
    )
    return FunctionParts(site, function, [bucket, repository, image, logs, role])


def _check(options: Options, project: Project) -> None:
    for name in sorted(_RESERVED & project.env.keys()):
        raise InvalidProject(
            f"--env {name}: Lambda sets {name} itself. A function has the permissions of"
            " its role, and the region that it is in."
        )
    if options.memory not in MEMORY:
        raise InvalidProject(
            f"--memory {options.memory}: Lambda gives a function from {MEMORY[0]} to"
            f" {MEMORY[-1]} MB; for more, use --platform ecs"
        )
    if options.timeout not in TIMEOUT:
        raise InvalidProject(
            f"--timeout {options.timeout}: Lambda ends a function after"
            f" {TIMEOUT[-1]} s at the latest; for longer runs, use --platform ecs"
        )


def _may_pull(site: Site, function_arn: str) -> Document:
    return {
        "Sid": "LambdaECRImageRetrievalPolicy",
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": site.account.id},
            "ArnLike": {"aws:SourceArn": function_arn},
        },
    }
