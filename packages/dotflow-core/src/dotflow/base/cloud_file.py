"""`~/.dotflow/config.json`: the address and the token that `dotflow login` saved."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def config_path() -> Path:
    """Return where the file is, whether it exists or not."""
    # Read for every default `Config`, where importing pathlib would be felt.
    from pathlib import Path

    return Path(_path())


def load_cloud_config() -> dict[str, str]:
    """Return the saved values: `base_url` and `token`.

    Returns:
        The values that are texts; `{}` where the file is missing, or unreadable or
        malformed, which is warned about.
    """
    values = _load().get("cloud")
    if not isinstance(values, dict):
        return {}
    return {key: value for key, value in values.items() if isinstance(value, str)}


def save_cloud_config(token: str, base_url: str) -> Path:
    """Save a token and the address it is for, readable by this user alone.

    Args:
        token: The token.
        base_url: The address of the API.

    Returns:
        The path of the file.

    Raises:
        OSError: The file cannot be written; one that was there is as it was.
    """
    _save({**_load(), "cloud": {"base_url": base_url, "token": token}})
    return config_path()


def clear_cloud_config() -> bool:
    """Remove what `save_cloud_config` saved.

    Returns:
        Whether there was anything to remove.

    Raises:
        OSError: The file cannot be removed.
    """
    values = _load()
    found = values.pop("cloud", None) is not None
    if values:
        if found:
            _save(values)
        return found
    try:
        os.unlink(_path())
    except FileNotFoundError:
        return False
    return True


def resolve(key: str, env_var: str) -> str:
    """Return a setting from the environment, else from the file, else `""`.

    Args:
        key: Its name in the file: `"base_url"` or `"token"`.
        env_var: The environment variable; an empty one counts as not set.
    """
    return os.environ.get(env_var) or load_cloud_config().get(key, "")


def resolve_server(base_url: str, token: str) -> tuple[str, str]:
    """Return the address and the token of the server, as `resolve` finds each.

    Args:
        base_url: The address that was given, or `""`.
        token: The token that was given, or `""`.
    """
    base_url = base_url or os.environ.get("SERVER_BASE_URL", "")
    token = token or os.environ.get("SERVER_USER_TOKEN", "")
    if base_url and token:
        return base_url, token
    saved = load_cloud_config()  # one look for both: every default `Config` takes it
    return base_url or saved.get("base_url", ""), token or saved.get("token", "")


def _path() -> str:
    return os.path.join(os.path.expanduser("~"), ".dotflow", "config.json")


def _load() -> dict[str, Any]:
    path = _path()
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        _warn(path, f"cannot be read ({type(error).__name__})")
        return {}
    import json

    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        _warn(path, "is not a JSON object")
        return {}
    return values


def _save(values: dict[str, Any]) -> None:
    import json

    from dotflow.base.private import write_own

    write_own(_path(), json.dumps(values, indent=2).encode())


def _warn(path: str, what: str) -> None:
    # What the file says is left out: it may hold a token.
    from dotflow.logging import warn

    warn("%s %s: it is ignored. `dotflow login` writes a new one.", path, what)
