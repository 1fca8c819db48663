"""What the errors of S3 and of its client mean for the user of a storage."""

from __future__ import annotations

from typing import Any

from dotflow.base.masking import mask
from dotflow.errors import StorageError

_PERMISSIONS = {
    "GetObject": "s3:GetObject on its objects. Without s3:ListBucket on the bucket, S3"
    " answers the same for an object that is not there, so allow that, too",
    "PutObject": "s3:PutObject on its objects",
    "DeleteObjects": "s3:DeleteObject on its objects",
    "ListObjectsV2": "s3:ListBucket on the bucket",
}
_KEYS = "Check the access key and the secret key, in the environment or in ~/.aws."
_REGION = "Name the bucket's region: region=, or the environment variable AWS_REGION."
_OLD_S3 = (
    "The service lacks something of S3, such as checksums (CRC32) of DeleteObjects or"
    " conditional writes: use a newer version of it."
)
_ADVICE = {
    "AuthorizationHeaderMalformed": _REGION,
    "EntityTooLarge": "S3 takes 5 GB at once: write the value to an object of your own,"
    " and return its name.",
    "ExpiredToken": "The credentials have expired: log in again.",
    "IllegalLocationConstraintException": _REGION,
    "InvalidAccessKeyId": _KEYS,
    "InvalidToken": _KEYS,
    "NoSuchBucket": "There is no such bucket: make it, or correct bucket=.",
    "PermanentRedirect": _REGION,
    "RequestTimeTooSkewed": "Set this machine's clock.",
    "SignatureDoesNotMatch": _KEYS,
    "MissingContentMD5": _OLD_S3,
    "NotImplemented": _OLD_S3,
    "SlowDown": "S3 asks for fewer requests: raise max_attempts=.",
    "XAmzContentSHA256Mismatch": _OLD_S3,
}
_DENIED = ("403", "AccessDenied", "AllAccessDisabled", "Forbidden")
_BY_CLASS = {
    "ConnectTimeoutError": "Check the network, or raise timeout=.",
    "ConnectionClosedError": "Check the network, and that endpoint_url= speaks S3.",
    "EndpointConnectionError": "Check the network, region= and endpoint_url=.",
    "NoCredentialsError": "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and"
    " AWS_SECRET_ACCESS_KEY, or run where a role gives them.",
    "PartialCredentialsError": _KEYS,
    "ProfileNotFound": "Correct AWS_PROFILE, or add the profile to ~/.aws/config.",
    "ReadTimeoutError": "The service did not answer in time: raise timeout=.",
    "RecursionError": "What answers redirects every request: check endpoint_url=.",
    "ResponseParserError": "What answers does not speak S3: check endpoint_url=.",
}


def client_errors() -> tuple[type[Exception], ...]:
    """Return the classes of all errors that a request may raise."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    return (
        BotoCoreError,
        ClientError,
        ResponseParserError,
        HTTPError,
        ValueError,  # an endpoint's malformed address
        RecursionError,  # botocore follows redirects to the same place for ever
    )


def storage_error(
    bucket: str, error: Exception, endpoint_url: str | None = None
) -> StorageError:
    """Return the error to raise in place of one of the client's.

    Args:
        bucket: The bucket's name.
        error: What was raised.
        endpoint_url: The service, which the error may quote.
    """
    code = error_code(error)
    if code in _DENIED:
        operation = getattr(error, "operation_name", "")
        needed = _PERMISSIONS.get(operation, operation)
        advice = f"The credentials in use need the permission {needed}."
    else:
        advice = _ADVICE.get(code) or _BY_CLASS.get(type(error).__name__, "")
    text = " ".join(mask(str(error), endpoint_url).split())
    return StorageError(
        f"Cannot use the bucket {bucket!r}: {type(error).__name__}: {text.rstrip('.')}."
        f" {advice}".rstrip()
    )


def error_code(error: Exception) -> str:
    """Return S3's code, such as `NoSuchKey`, or `""` where it did not answer."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
