"""Secrets: found by reference alone, and kept out of every message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotflow.base.masking import HIDDEN, keep_secret, mask
from dotflow.config.sources.family import is_reference
from dotflow.errors import ConfigError

if TYPE_CHECKING:
    from dotflow.config.sources.wanted import Setting

# Names of parameters, or the ends of such.
_SECRET = re.compile(
    r"(^|_)(token|password|passwd|passphrase|secret|credentials?|dsn|webhook(_url)?"
    r"|(api|access|secret|private|account)_?key|authorization)$",
    re.IGNORECASE,
)


class Resolver:
    """Finds the values that settings refer to, and remembers which are secret.

    Args:
        environ: The variables.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._found: set[str] = set()

    def resolve(self, name: str, setting: Setting) -> tuple[Any, bool]:
        """Return the value of a setting, and whether it is a text to be converted.

        Args:
            name: The name of the parameter that it is for.
            setting: The setting.

        Raises:
            ConfigError: It refers to nothing, or is a secret in the open.
        """
        value = setting.value
        if is_reference(value):
            found = self._follow(value, setting)
            keep_secret(found, whole=_SECRET.search(name) is not None)
            return found, True
        if setting.folder is None:
            self._remember(value)
            return value, True
        return self._plain(name, value, setting), False

    def hide(self, text: str) -> str:
        """Return a text without any value that came from a reference.

        Args:
            text: What may hold one.
        """
        for secret in sorted(self._found, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text

    def _plain(self, name: str, value: Any, setting: Setting) -> Any:
        if is_reference(value):
            return self._follow(value, setting)
        if isinstance(value, dict):
            return {key: self._plain(key, part, setting) for key, part in value.items()}
        if isinstance(value, list):
            return [self._plain(name, part, setting) for part in value]
        if isinstance(value, str) and value:
            if _SECRET.search(name):
                raise _in_the_open(setting.where, f"{name!r} is a secret")
            if "://" in value and mask(value) != value:
                raise _in_the_open(setting.where, "the address holds a password")
        return value

    def _follow(self, reference: dict[str, Any], setting: Setting) -> str:
        ((kind, target),) = reference.items()
        if not isinstance(target, str) or not target:
            raise ConfigError(f"{setting.where}: {kind} takes a name.")
        if kind == "env":
            if target not in self._environ:
                raise ConfigError(
                    f"{setting.where}: the environment variable {target} is not set."
                )
            value = self._environ[target]
        else:
            path = (setting.folder or Path.cwd()) / Path(target).expanduser()
            try:
                value = path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is no text"
                raise ConfigError(
                    f"{setting.where}: cannot read the file {path}: {reason}."
                ) from None
        if not value:
            raise ConfigError(f"{setting.where}: {target} is empty.")
        self._remember(value)
        return value

    def _remember(self, value: Any) -> None:
        # Short ones are settings such as "INFO", and would riddle messages with stars.
        if isinstance(value, str) and len(value) >= 6:
            self._found.add(value)


def _in_the_open(where: str, why: str) -> ConfigError:
    return ConfigError(
        f"{where}: {why}, so it must not stand in the file. Write"
        ' {env = "NAME_OF_A_VARIABLE"} or {file = "/path/to/a/file"} instead.'
    )
