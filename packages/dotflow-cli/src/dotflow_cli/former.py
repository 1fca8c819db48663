"""The command classes of dotflow 1.x, each of which runs the command of today."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from dotflow.base.arguments import basic_callback
from dotflow_cli.main import main, run
from dotflow_cli.storages import open_storage

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

# What 1.x filled in by itself, where the user had said nothing.
_UNSAID = ("exec", "callback", "path")


class Command(ABC):
    """The base of a command: it runs as soon as it is made.

    Args:
        **kwargs: `params=`, an object with the options as attributes.

    Attributes:
        params: The options.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.params = kwargs.get("params")
        self.setup()

    @abstractmethod
    def setup(self) -> None:
        """Run the command."""


class Setup:
    """The whole command, as `dotflow.cli.setup.Command`: it runs at once.

    Args:
        parser: Not needed any more.
    """

    def __init__(self, parser: Any = None) -> None:
        main()


class _Today(Command):
    words: tuple[str, ...]

    def setup(self) -> None:
        """Run the command of that name with these options.

        Raises:
            SystemExit: It failed; the code is that of the command.
        """
        code = run([*self.words, *_arguments(self.params)])
        if code:
            raise SystemExit(code)


class StartCommand(_Today):
    """`dotflow start`."""

    words = ("start",)


class ScheduleCommand(_Today):
    """`dotflow schedule`."""

    words = ("schedule",)


class InitCommand(_Today):
    """`dotflow init`."""

    words = ("init",)


class LogCommand(_Today):
    """`dotflow logs`."""

    words = ("logs",)


class LoginCommand(_Today):
    """`dotflow login`."""

    words = ("login",)


class LogoutCommand(_Today):
    """`dotflow logout`."""

    words = ("logout",)


class DeployCommand(_Today):
    """`dotflow deploy`."""

    words = ("deploy",)


class CloudGenerateCommand(_Today):
    """`dotflow cloud generate`."""

    words = ("cloud", "generate")


class CloudListCommand(_Today):
    """`dotflow cloud list`."""

    words = ("cloud", "list")


class StorageResolver:
    """Makes the storage that the options name.

    Args:
        params: An object with `storage` and `path`.
    """

    def __init__(self, params: Any) -> None:
        self.params = params

    def resolve(self) -> Storage | None:
        """Return the storage, None where the options name none."""
        name = getattr(self.params, "storage", None)
        path = (
            getattr(self.params, "path", None) if name in ("file", "sqlite") else None
        )
        return open_storage(name, None if path is None else str(path))


def _arguments(options: Any) -> list[str]:
    params = {} if options is None else vars(options)
    found: list[str] = []
    for name, value in params.items():
        unsaid = name in _UNSAID and (
            name == "exec"
            or value is basic_callback
            or (name == "path" and not params.get("storage"))
        )
        if name.startswith("_") or unsaid or value is None or value is False:
            continue
        found.append(f"--{name.replace('_', '-')}")
        if callable(value):
            found.append(f"{value.__module__}:{value.__qualname__}")
        elif value is not True:
            found.append(str(value))
    return found
