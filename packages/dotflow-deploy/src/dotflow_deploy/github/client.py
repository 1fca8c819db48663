"""GitHub's API, and what it says when it refuses."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.errors import CloudError, InvalidProject
from dotflow_deploy.programs import ask

if TYPE_CHECKING:
    from github import Github, GithubException

PUBLIC: Final = "https://api.github.com"

# Longest wait for an answer, in seconds.
_TIMEOUT: Final = 30

_NO_RIGHT: Final = (401, 403, 404)


def connect() -> Github:
    """Return a client with the user's token.

    The token is `GITHUB_TOKEN`, or `GH_TOKEN`, or that of `gh auth login`. The API is
    that of `GITHUB_API_URL`, or of github.com.

    Raises:
        InvalidProject: There is no token.
    """
    from github import Auth, Github

    return Github(
        auth=Auth.Token(_token()),
        base_url=os.environ.get("GITHUB_API_URL") or PUBLIC,
        timeout=_TIMEOUT,
        # A deployment is a handful of requests, and can be run again.
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


@contextmanager
def asking(resource: object, doing: str, permission: str) -> Iterator[None]:
    """Say what a refusal of GitHub's is about.

    Args:
        resource: What is asked for, or changed.
        doing: What is done: `"create"`.
        permission: What a token needs for it, if GitHub does not say so itself.

    Raises:
        CloudError: GitHub refused, or did not answer.
    """
    from github import GithubException
    from requests import RequestException

    try:
        yield
    except GithubException as error:
        raise _refusal(error, resource, doing, permission) from error
    except RequestException as error:
        where = os.environ.get("GITHUB_API_URL") or PUBLIC
        raise CloudError(
            str(resource),
            doing,
            f"{where} does not answer ({type(error).__name__})",
        ) from error


def absent(error: GithubException) -> bool:
    """Tell whether a refusal means that something is not there."""
    from github import UnknownObjectException

    return isinstance(error, UnknownObjectException)


def _refusal(
    error: GithubException, resource: object, doing: str, permission: str
) -> CloudError:
    headers = {name.lower(): text for name, text in (error.headers or {}).items()}
    reason = f"GitHub answers {error.status}: {_message(error.data)}"
    if error.status == 401:
        hint = "Log in anew (gh auth login), or set GITHUB_TOKEN to a token that holds."
        return CloudError(str(resource), doing, reason, hint=hint)
    if error.status not in _NO_RIGHT or "retry-after" in headers:
        return CloudError(str(resource), doing, reason)
    # Of a fine-grained token, and of a classic one.
    told = headers.get("x-accepted-github-permissions")
    scopes = headers.get("x-accepted-oauth-scopes")
    needed = told or (f"{permission} (scope {scopes})" if scopes else permission)
    hint = (
        "Give it to the token at https://github.com/settings/tokens, or: gh auth refresh"
        " --scopes repo,workflow. Then run the same command again."
    )
    if error.status == 404:
        # It says the same of what is not there, and of what a token must not see.
        hint = f"If it is there, the token lacks the permission {needed}. {hint}"
        return CloudError(str(resource), doing, reason, hint=hint)
    return CloudError(str(resource), doing, reason, permission=needed, hint=hint)


def _message(data: Any) -> str:
    if isinstance(data, dict):
        return str(data.get("message", "no reason"))
    return "no reason"


def _token() -> str:
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        if token := os.environ.get(name):
            return token
    if program := shutil.which("gh"):
        answer = ask([program, "auth", "token"])
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    raise InvalidProject(
        "GitHub needs a token: gh auth login, or set GITHUB_TOKEN to one with the"
        " scopes repo and workflow"
    )
