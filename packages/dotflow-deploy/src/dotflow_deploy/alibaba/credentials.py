"""Who deploys to Alibaba Cloud: from the environment, else as the aliyun CLI has it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.errors import InvalidProject

if TYPE_CHECKING:
    from alibabacloud_credentials.client import Client

_ID: Final = "ALIBABA_CLOUD_ACCESS_KEY_ID"
_SECRET: Final = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"  # noqa: S105 - a variable's name
_TOKEN: Final = "ALIBABA_CLOUD_SECURITY_TOKEN"  # noqa: S105 - a variable's name
_SIGN_IN: Final = (
    f"Run: aliyun configure - or export {_ID} and {_SECRET} (of a RAM user, not of the"
    " account itself)"
)


def find_credentials() -> Client:
    """Return the credentials that requests are signed with.

    They are those of the environment, else of the current profile in
    `~/.aliyun/config.json`, or of the profile that `ALIBABA_CLOUD_PROFILE` names.

    Raises:
        InvalidProject: There are none; the message says how to sign in, and holds
            nothing of them.
    """
    from alibabacloud_credentials.client import Client
    from alibabacloud_credentials.models import Config

    key, secret = os.environ.get(_ID), os.environ.get(_SECRET)
    if key and secret:
        token = os.environ.get(_TOKEN)
        kind = "sts" if token else "access_key"
        return Client(
            Config(
                type=kind,
                access_key_id=key,
                access_key_secret=secret,
                security_token=token,
            )
        )
    path = Path.home() / ".aliyun" / "config.json"
    name = _profile(path)
    from alibabacloud_credentials.provider import CLIProfileCredentialsProvider

    # The SDK knows all the ways of the CLI to sign in.
    provider = CLIProfileCredentialsProvider(profile_name=name, profile_file=str(path))
    return Client(provider=provider)


def _profile(path: Path) -> str:
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
        profiles = {profile["name"] for profile in told["profiles"]}
        name = os.environ.get("ALIBABA_CLOUD_PROFILE") or told["current"]
    except FileNotFoundError as error:
        raise InvalidProject(
            f"Nobody is signed in to Alibaba Cloud. {_SIGN_IN}"
        ) from error
    except (ValueError, KeyError, TypeError):
        # Without the cause: what a broken file holds may be shown with it.
        raise InvalidProject(
            f"{path} is not as the aliyun CLI writes it. {_SIGN_IN}"
        ) from None
    if name not in profiles:
        raise InvalidProject(f"{path} has no profile {name!r}. {_SIGN_IN}")
    return str(name)
