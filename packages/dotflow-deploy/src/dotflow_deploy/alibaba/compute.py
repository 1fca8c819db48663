"""The API of Function Compute 3.0, and how its answers are taken."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.exceptions import DaraException, RetryError
from requests.exceptions import RequestException
from Tea.exceptions import UnretryableException

from dotflow_deploy.alibaba.credentials import find_credentials
from dotflow_deploy.errors import CloudError
from dotflow_deploy.programs import redacted
from dotflow_deploy.project import check_region

REGION: Final = "cn-hangzhou"
"""The region if none is given."""

_TIMEOUT: Final = 60_000
_SETTLES: Final = 120.0

T = TypeVar("T")


@dataclass
class Compute:
    """Function Compute in one region, as whoever the credentials belong to.

    Attributes:
        client: The SDK's. Never shown: it holds credentials.
        region: The region.
        pause: How long to wait before asking again, in seconds.
    """

    client: Any = field(repr=False)
    region: str = REGION
    pause: float = 1.0

    @classmethod
    def connect(cls, region: str | None = None) -> Compute:
        """Return the API, signed in.

        `ALIBABA_CLOUD_FC_ENDPOINT` names another address of it, such as that within a
        private network.

        Args:
            region: The region. Default: `REGION`.

        Raises:
            InvalidProject: Nobody is signed in, or it is no region.
        """
        region = region or os.environ.get("ALIBABA_CLOUD_REGION_ID") or REGION
        check_region(region)
        config = Config(
            credential=find_credentials(),
            region_id=region,
            read_timeout=_TIMEOUT,
            connect_timeout=_TIMEOUT,
        )
        if given := os.environ.get("ALIBABA_CLOUD_FC_ENDPOINT"):
            parts = urlsplit(given if "://" in given else f"https://{given}")
            config.endpoint = parts.netloc
            config.protocol = parts.scheme.upper()
        return cls(Client(config), region)

    def ask(
        self, about: object, doing: str, permission: str, call: Callable[[], T]
    ) -> T | None:
        """Ask for a resource or for a change; None where nothing is there to read or remove.

        Args:
            about: The resource.
            doing: What is asked: `"create"`.
            permission: What is needed for it: `"fc:GetFunction"`.
            call: Asks.

        Raises:
            CloudError: The API refused.
        """
        try:
            return call()
        except AlibabaCloudException as error:
            if doing in ("read", "remove") and error.status_code == _NOT_FOUND:
                return None
            raise _refusal(error, about, doing, permission) from error
        except CredentialException as error:
            reason = "the credentials are not valid"
            raise CloudError(str(about), doing, reason, hint=_SIGN_IN) from error
        except (DaraException, RetryError, UnretryableException, RequestException) as e:
            reason = f"Alibaba Cloud did not answer ({type(e).__name__})"
            raise CloudError(str(about), doing, reason) from e

    def settled(self, about: object, state: Callable[[], Any]) -> None:
        """Wait until what was changed can be built upon.

        Args:
            about: The resource.
            state: Returns the function as the API describes it.

        Raises:
            CloudError: The change failed, or takes too long.
        """
        end = time.monotonic() + _SETTLES
        while True:
            # A call is answered before it is done, and the next one is refused meanwhile.
            now = state()
            states = {now.state, now.last_update_status}
            if "Failed" in states:
                reason = now.state_reason or now.last_update_status_reason or "failed"
                raise CloudError(str(about), "start", redacted(reason))
            if not states & {"Pending", "InProgress"}:
                return
            if time.monotonic() > end:
                raise CloudError(str(about), "start", "it is still being prepared")
            time.sleep(self.pause)


_NOT_FOUND: Final = 404
_FORBIDDEN: Final = 403
_UNKNOWN_KEYS: Final = {
    "InvalidAccessKeyId",
    "InvalidAccessKeyId.NotFound",
    "InvalidAccessKeyID",
    "InvalidSecurityToken.Expired",
    "SignatureDoesNotMatch",
    "SignatureNotMatch",
}
_SIGN_IN: Final = "Sign in again: aliyun configure"


def _refusal(
    error: AlibabaCloudException, about: object, doing: str, permission: str
) -> CloudError:
    """Return the error for what the API refused.

    Of a request that was not signed right, the API repeats what was signed: that is not
    shown.
    """
    if error.code in _UNKNOWN_KEYS:
        reason = f"the access key was not accepted ({error.code})"
        return CloudError(str(about), doing, reason, hint=_SIGN_IN)
    reason = redacted(str(error.message or error.code))
    if error.status_code != _FORBIDDEN:
        return CloudError(str(about), doing, reason)
    told = error.access_denied_detail or {}
    missing = str(told.get("AuthAction") or permission)
    hint = (
        f"Whoever administers RAM grants it: a policy that allows {missing}, or"
        " AliyunFCFullAccess: aliyun ram AttachPolicyToUser --PolicyType System"
        " --PolicyName AliyunFCFullAccess --UserName YOU"
    )
    return CloudError(str(about), doing, reason, permission=missing, hint=hint)
