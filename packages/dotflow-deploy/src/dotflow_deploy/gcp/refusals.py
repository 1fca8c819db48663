"""What Google's APIs answer if they refuse, as an error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from google.api_core.exceptions import Forbidden, RetryError, Unauthorized
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.rpc.error_details_pb2 import ErrorInfo
from requests import RequestException, Response

from dotflow_deploy.errors import CloudError
from dotflow_deploy.programs import redacted

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError

# The predefined role that has a permission, by the beginning of the permission.
_ROLES: Final = (
    ("iam.serviceAccounts.actAs", "roles/iam.serviceAccountUser"),
    ("iam.serviceAccounts.", "roles/iam.serviceAccountAdmin"),
    ("run.", "roles/run.admin"),
    ("artifactregistry.", "roles/artifactregistry.admin"),
    ("cloudbuild.", "roles/cloudbuild.builds.editor"),
    ("cloudscheduler.", "roles/cloudscheduler.admin"),
    ("storage.", "roles/storage.admin"),
    ("serviceusage.", "roles/serviceusage.serviceUsageAdmin"),
)
SILENCE: Final = (GoogleAuthError, RequestException, RetryError, TimeoutError)
"""What the SDKs raise if no answer comes."""

_SIGN_IN: Final = "Sign in again: gcloud auth application-default login"


def is_disabled(error: GoogleAPICallError) -> bool:
    """Tell whether an API refused because it is not enabled in the project."""
    return isinstance(error, Forbidden) and _info(error)[0] == "SERVICE_DISABLED"


def refusal(
    error: GoogleAPICallError,
    about: object,
    doing: str,
    permission: str,
    project: str,
) -> CloudError:
    """Return the error for what an API refused.

    Args:
        error: What the SDK raised.
        about: The resource.
        doing: What was asked.
        permission: What is needed for it; if the API names another, that is told.
        project: Id of Google's project.
    """
    reason = redacted(_said(error))
    if isinstance(error, Unauthorized):
        return CloudError(str(about), doing, reason, hint=_SIGN_IN)
    if is_disabled(error):
        service = _info(error)[1].get("service", "the API's name")
        hint = f"Run: gcloud services enable {service} --project {project}"
        return CloudError(str(about), doing, reason, hint=hint)
    if isinstance(error, Forbidden):
        told = _info(error)[1].get("permission", permission)
        return CloudError(
            str(about), doing, reason, permission=told, hint=_granting(told, project)
        )
    return CloudError(str(about), doing, reason)


def unreachable(error: Exception, about: object, doing: str) -> CloudError:
    """Return the error for a request that got no answer.

    Args:
        error: What the SDK raised. Its text may hold an answer with a token: it is not
            shown.
        about: The resource.
        doing: What was asked.
    """
    if isinstance(error, RefreshError):
        reason = "the credentials are no longer valid"
        return CloudError(str(about), doing, reason, hint=_SIGN_IN)
    reason = f"Google did not answer ({type(error).__name__})"
    if isinstance(error, GoogleAuthError) and not isinstance(error, TransportError):
        return CloudError(str(about), doing, reason, hint=_SIGN_IN)
    return CloudError(str(about), doing, reason)


def _info(error: GoogleAPICallError) -> tuple[str, Mapping[str, str]]:
    """Return the reason and what belongs to it, of an error's typed details.

    Not by the SDK's properties of that name: with REST, some releases fail at them.
    """
    for detail in error.details or ():
        if isinstance(detail, Mapping):
            if str(detail.get("@type", "")).endswith("google.rpc.ErrorInfo"):
                return detail.get("reason", ""), detail.get("metadata", {})
        elif isinstance(detail, ErrorInfo):
            return detail.reason, detail.metadata
    return "", {}


def _said(error: GoogleAPICallError) -> str:
    """Return what the API wrote, without the request that the SDK puts before it."""
    text = str(error.message or type(error).__name__)
    if isinstance(error.response, Response) and error.response.request is not None:
        begin = f"{error.response.request.method} {error.response.request.url}: "
        return text.removeprefix(begin)
    return text


def _granting(permission: str, project: str) -> str:
    role = next((r for begin, r in _ROLES if permission.startswith(begin)), None)
    if role is None:
        return f"Ask an owner of the project {project} for a role that has it."
    return (
        "An owner grants a role that has it: gcloud projects add-iam-policy-binding"
        f" {project} --member=user:YOU@EXAMPLE.COM --role={role}"
    )
