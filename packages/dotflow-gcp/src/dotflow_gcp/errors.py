"""What the errors of GCS and of its client mean for the user of a storage."""

from __future__ import annotations

from dotflow.base.masking import mask
from dotflow.errors import StorageError

_LOGIN = (
    "Run `gcloud auth application-default login`, set GOOGLE_APPLICATION_CREDENTIALS,"
    " or run where a service account gives them."
)
_NETWORK = "Check the network, or raise timeout= and retry_timeout=."
_NOT_GCS = (
    "What answers does not speak GCS: check the network, and STORAGE_EMULATOR_HOST if"
    " it is set."
)
_ADVICE = {
    "AttributeError": _NOT_GCS,
    "ConnectionError": _NETWORK,
    "DataCorruption": "What arrived is not what was sent: check the network.",
    "DefaultCredentialsError": _LOGIN,
    "Forbidden": "The credentials in use need storage.objects.get, .create, .delete and"
    " .list: give them the role Storage Object User on the bucket.",
    "InvalidResponse": _NOT_GCS,
    "JSONDecodeError": _NOT_GCS,
    "NotFound": "There is no such bucket: make it, or correct bucket=.",
    "OSError": "Pass project=, or set GOOGLE_CLOUD_PROJECT.",
    "ReadTimeout": _NETWORK,
    "RefreshError": _LOGIN,
    "RetryError": _NETWORK,
    "TooManyRequests": "GCS asks for fewer requests: raise retry_timeout=. It takes"
    " about one write of an object in a second.",
    "TransportError": _NETWORK,
    "TypeError": _NOT_GCS,
    "Unauthorized": _LOGIN,
    "ValueError": _NOT_GCS,
}


def client_errors() -> tuple[type[Exception], ...]:
    """Return the classes of all errors that a request may raise."""
    from http.client import HTTPException

    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
    from urllib3.exceptions import HTTPError

    return (
        GoogleAPIError,
        GoogleAuthError,
        DataCorruption,
        InvalidResponse,
        HTTPError,
        HTTPException,
        OSError,  # those of requests, and a project that is not known
        ValueError,  # an answer that is no JSON
        AttributeError,  # one that is some other JSON, which the client takes as it is
        TypeError,
    )


def storage_error(bucket: str, error: Exception) -> StorageError:
    """Return the error to raise in place of one of the client's.

    Args:
        bucket: The bucket's name.
        error: What was raised.
    """
    cause = getattr(error, "cause", None)  # of a RetryError: why it has given up
    name = type(cause or error).__name__
    advice = _ADVICE.get(name) or _ADVICE.get(type(error).__name__, "")
    text = " ".join(mask(str(error)).split()).rstrip(".:")
    return StorageError(
        f"Cannot use the bucket {bucket!r}: {name}: {text}. {advice}".rstrip()
    )
