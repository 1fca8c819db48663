"""What a deployment can refuse, or fail at. Each message says what to do next."""

from __future__ import annotations

from dotflow.errors import DotflowError


class DeployError(DotflowError, RuntimeError):
    """A deployment cannot begin, or has not come to its end."""


class InvalidProject(DeployError, ValueError):
    """A project, its name or one of its options cannot be deployed as it is."""


class ScheduleNotExpressible(InvalidProject):
    """A target has no way to say when a schedule is due."""

    def __init__(self, cron: str, target: str, reason: str) -> None:
        super().__init__(f"{target} cannot express the schedule {cron!r}: {reason}")


class NotOurs(DeployError):
    """Something of that name is there already, and no deployment of this project made it.

    Args:
        resource: What it is: `"Lambda function shop"`.
        platform: The other platform to which this project was deployed with it, if so.
    """

    def __init__(self, resource: str, platform: str | None = None) -> None:
        if platform is None:
            text = (
                "was not made by `dotflow deploy` of this project: it stays as it is."
                " Deploy under another name (--project), or remove it yourself first."
            )
        else:
            text = (
                f"belongs to this project's deployment to {platform}. Remove that with"
                f" `dotflow destroy --platform {platform}` first, or deploy under another"
                " name (--project)."
            )
        super().__init__(f"{resource} exists already, and {text}")


class BuildError(DeployError):
    """The project's code or dependencies could not be packaged."""


class CloudError(DeployError):
    """A platform's API refused a request.

    Args:
        resource: What it was about: `"Lambda function shop"`.
        doing: What was asked: `"create"`.
        reason: What the API answered, without credentials.
        permission: The permission that was missing, such as `"lambda:CreateFunction"`.
        hint: What to run or change next.
    """

    def __init__(
        self,
        resource: str,
        doing: str,
        reason: str,
        *,
        permission: str | None = None,
        hint: str = "Run the same command again: it goes on where it stopped.",
    ) -> None:
        parts = [f"Could not {doing} {resource}: {reason.rstrip('.')}."]
        if permission is not None:
            parts.append(f"The credentials lack the permission {permission}.")
        parts.append(hint)
        super().__init__(" ".join(parts))
        self.resource = resource
        self.permission = permission
