"""What AWS answers when it refuses, as an error that says what to do next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.errors import CloudError
from dotflow_deploy.programs import redacted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botocore.exceptions import BotoCoreError, ClientError

SIGN_IN: Final = (
    "Sign in with `aws sso login` or `aws configure`, or set AWS_PROFILE, or"
    " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; then run the same command again."
)

_DENIED: Final = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Forbidden",
    "ForbiddenException",
    "NotAuthorized",
    "UnauthorizedOperation",
    "403",
}
_EXPIRED: Final = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "TokenRefreshRequired",
}
_INVALID: Final = {
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}

# Where IAM's prefix or action is not the API's name of service and operation.
_PREFIXES: Final = {"stepfunctions": "states"}
_ACTIONS: Final = {
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
}
_VERBS: Final = {
    "Create": "POST",
    "Delete": "DELETE",
    "Get": "GET",
    "Update": "PATCH",
}

_DOING: Final = {
    "Add": "create",
    "Batch": "remove",
    "Create": "create",
    "Delete": "remove",
    "Deregister": "remove",
    "Detach": "remove",
    "Put": "set up",
    "Register": "create",
    "Remove": "remove",
    "Set": "set up",
    "Tag": "mark",
    "Update": "change",
}
_READING: Final = "read"

_HINTS: Final = {
    "BucketNotEmpty": "Old versions of objects may be in it: empty it in the console of"
    " S3, then run the same command again.",
    "ClusterContainsTasksException": "A run is going on: wait for its end, or end it"
    " with `aws ecs stop-task`; then run the same command again.",
    "DependencyViolation": "A run is going on, or has just ended: run the same command"
    " again in some minutes.",
}
_SECRET: Final = 4
"""Characters of a value that is hidden; shorter ones are parts of words."""


def permission(service: str, operation: str) -> str:
    """Return the IAM action that an operation needs.

    Args:
        service: boto3's name of the service: `"lambda"`.
        operation: The operation as AWS writes it: `"CreateFunction"`.
    """
    if service == "apigatewayv2":
        # Its permissions are named by the HTTP method, not by the operation.
        return f"apigateway:{_VERBS[_verb(operation)]}"
    action = f"{_PREFIXES.get(service, service)}:{operation}"
    return _ACTIONS.get(action, action)


def refused(
    error: ClientError,
    service: str,
    operation: str,
    resource: str,
    secrets: Sequence[str] = (),
) -> CloudError:
    """Return what AWS's answer means for the user.

    Args:
        error: The answer.
        service: boto3's name of the service.
        operation: The operation as AWS writes it.
        resource: What it was about: `"Lambda function shop"`.
        secrets: What is hidden in the answer: it may repeat what it was sent.
    """
    code = error_code(error)
    message = error.response.get("Error", {}).get("Message") or code
    message = redacted(message, [text for text in secrets if len(text) >= _SECRET])
    doing = _DOING.get(_verb(operation), _READING)
    reason = message if code in message else f"{message.rstrip('.')} ({code})"
    if code in _DENIED:
        action = permission(service, operation)
        return CloudError(
            resource,
            doing,
            reason,
            permission=action,
            hint=f"Have {action} allowed to them, then run the same command again: it"
            " goes on where it stopped.",
        )
    if code in _EXPIRED:
        reason = "the credentials have expired"
        return CloudError(resource, doing, reason, hint=SIGN_IN)
    if code in _INVALID:
        reason = f"AWS does not accept the credentials ({code})"
        return CloudError(resource, doing, reason, hint=SIGN_IN)
    if code in _HINTS:
        return CloudError(resource, doing, reason, hint=_HINTS[code])
    return CloudError(resource, doing, reason)


def unreached(error: BotoCoreError, operation: str, resource: str) -> CloudError:
    """Return what it means for the user that no answer came.

    Args:
        error: What boto3 raised.
        operation: The operation as AWS writes it.
        resource: What it was about.
    """
    from botocore import exceptions

    doing = _DOING.get(_verb(operation), _READING)
    if isinstance(
        error,
        exceptions.NoCredentialsError
        | exceptions.PartialCredentialsError
        | exceptions.CredentialRetrievalError,
    ):
        return CloudError(resource, doing, "no AWS credentials", hint=SIGN_IN)
    if isinstance(
        error,
        exceptions.SSOError | exceptions.TokenRetrievalError,
    ):
        return CloudError(resource, doing, "the sign-in has expired", hint=SIGN_IN)
    if isinstance(error, exceptions.ProfileNotFound):
        hint = "See `aws configure list-profiles`, and set AWS_PROFILE."
        return CloudError(resource, doing, str(error), hint=hint)
    if isinstance(error, exceptions.EndpointConnectionError):
        hint = (
            "See that the region exists (--region), that this machine is online and"
            " that AWS_ENDPOINT_URL and HTTPS_PROXY are right; then run the same"
            " command again."
        )
        return CloudError(resource, doing, str(error), hint=hint)
    return CloudError(resource, doing, str(error))


def error_code(error: ClientError) -> str:
    """Return the code of an answer: `"ResourceNotFoundException"`."""
    details: Any = error.response.get("Error", {})
    # Of the query protocol, SQS answers with its old name of a code in front.
    return str(details.get("Code", "")).rpartition(".")[2]


def _verb(operation: str) -> str:
    found = re.match(r"[A-Z][a-z]+", operation)
    return "" if found is None else found[0]
