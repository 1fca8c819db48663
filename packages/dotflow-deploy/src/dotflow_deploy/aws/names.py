"""Names of what a deployment makes, each within the bounds of its service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.project import shortened

if TYPE_CHECKING:
    from dotflow_deploy.aws.resource import Site

ROLE: Final = 64
BUCKET: Final = 63


def role_name(site: Site, purpose: str) -> str:
    """Return the name of a role.

    Roles belong to all regions, and a deployment to one: it is part of the name.

    Args:
        site: Where the deployment goes.
        purpose: What the role is for: `"lambda"`.
    """
    return _fitted(site.project, f"-{purpose}-{site.account.region}", ROLE)


def bucket_name(site: Site, purpose: str) -> str:
    """Return the name of a bucket, which no other account or region has.

    Args:
        site: Where the deployment goes.
        purpose: What is in it: `"source"`.
    """
    account = site.account
    return _fitted(site.project, f"-{purpose}-{account.region}-{account.id}", BUCKET)


def _fitted(project: str, end: str, limit: int) -> str:
    return shortened(project, limit - len(end)) + end
