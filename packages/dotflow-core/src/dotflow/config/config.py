"""`Config`: the providers that a workflow uses."""

from __future__ import annotations

from dotflow.errors import NotCallableObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike
    from typing import Any, Generic, Never, TypeVar

    from dotflow.abc.log import Log
    from dotflow.abc.metrics import Metrics
    from dotflow.abc.notify import Notify
    from dotflow.abc.scheduler import Scheduler
    from dotflow.abc.server import Server
    from dotflow.abc.storage import Storage
    from dotflow.abc.tracer import Tracer

    T = TypeVar("T")

    # What type checkers see of `_Provider`: what is read, and what may be assigned.
    class _One(Generic[T]):
        def __get__(self, config: object, owner: object) -> T: ...
        def __set__(self, config: object, value: T | None) -> None: ...

    class _Several(Generic[T]):
        def __get__(self, config: object, owner: object) -> T: ...
        def __set__(self, config: object, value: T | Sequence[T] | None) -> None: ...


# The families that tell. There is one place for results, and one clock.
_SEVERAL = ("tracer", "notify", "log", "metrics", "server")
# Those of them whose default hears nothing.
_SILENT = ("tracer", "notify", "metrics")


class _Provider:
    """An attribute that takes an instance of one ABC and makes its default when read.

    The ABC is `dotflow.abc.<name>.<Name>` and the default
    `dotflow.providers.<name>_default.<Name>Default`: neither is imported before it is
    needed. It has no `__set__`, so that a value in the instance's dictionary is read
    without a call.
    """

    __slots__ = ("default", "family", "name")

    def __set_name__(self, owner: type[Config], name: str) -> None:
        self.default: Any = None
        self.name = name
        self.family = name.capitalize()

    def __get__(self, config: Config | None, owner: type[Config]) -> Any:
        if config is None:
            return self
        default = self.default
        if default is None:
            default = self._load(f"dotflow.providers.{self.name}_default", "Default")
            # A service makes a config for each request: 10 of 100 µs of its run.
            self.default = default
        # `setdefault` is atomic: two threads that read at the same time must get one
        # storage in memory, not one each.
        return config.__dict__.setdefault(self.name, default())

    def checked(self, value: Any) -> Any:
        """Return what is assigned, several as one."""
        several = isinstance(value, (list, tuple)) and self.name in _SEVERAL
        expected = self._load(f"dotflow.abc.{self.name}")
        for one in value if several else (value,):
            if not isinstance(one, expected):
                raise NotCallableObject(self.name, self._explain(one, expected))
            if self.name == "log":
                from dotflow.abc.log import check_log

                check_log(one)
        return self._compose(value) if several else value

    def _compose(self, values: Any) -> Any:
        if len(values) == 1:
            return values[0]
        from importlib import import_module

        module = import_module(f"dotflow.providers.composite.{self.name}")
        return getattr(module, f"Composite{self.family}")(values)

    def _load(self, module: str, suffix: str = "") -> Any:
        from importlib import import_module

        return getattr(import_module(module), self.family + suffix)

    def _explain(self, value: object, expected: type) -> str:
        wanted = f"an instance of {expected.__module__}.{expected.__name__}"
        if isinstance(value, (list, tuple)) and self.name not in _SEVERAL:
            return f"exactly one, {wanted}, not a {type(value).__name__}"
        if not isinstance(value, type):
            return f"{wanted}, not a {type(value).__name__}"
        if issubclass(value, expected):
            name = value.__name__
            return f"{wanted}, not the class: call it, {self.name}={name}(…)"
        return f"{wanted}, not the class {value.__name__}"


_provider: Any = _Provider  # of which type checkers see what the annotations say


class Config:
    """The providers of a workflow; each one left out is the default of its kind.

    Of those that tell there may be several: `Config(log=[a, b])` calls both, and one
    that fails does not disturb the other. Reading `config.log` gives one in any case.

    Args:
        storage: Keeps results and checkpoints. Default: `StorageDefault`, in memory.
        notify: Tells people about changes of status. Default: nobody.
        log: Writes log lines. Default: `LogDefault`, to the console.
        server: Reports to a remote API. Default: `ServerDefault`, which reports if an
            address and a token are configured.
        scheduler: Runs the workflow again and again. Default: nothing.
        tracer: Records traces. Default: none.
        metrics: Counts and measures. Default: nothing.
        previews: Whether a history keeps, of what each attempt gets and gives, a short
            text with secrets masked. Default True.
        capture: Whether what a step prints and logs is kept with its attempt, where the
            storage keeps a history; it is shown as ever. Default True.

    Raises:
        UnknownOption: There is no such argument.
        NotCallableObject: An argument is not an instance of the ABC of its kind. The
            same when an attribute is assigned later; assigning None restores the
            default.
    """

    storage: _One[Storage] = _provider()
    notify: _Several[Notify] = _provider()
    log: _Several[Log] = _provider()
    server: _Several[Server] = _provider()
    scheduler: _One[Scheduler] = _provider()
    tracer: _Several[Tracer] = _provider()
    metrics: _Several[Metrics] = _provider()
    previews: bool = True
    capture: bool = True

    def __init__(
        self,
        storage: Storage | None = None,
        notify: Notify | Sequence[Notify] | None = None,
        log: Log | Sequence[Log] | None = None,
        server: Server | Sequence[Server] | None = None,
        scheduler: Scheduler | None = None,
        tracer: Tracer | Sequence[Tracer] | None = None,
        metrics: Metrics | Sequence[Metrics] | None = None,
        previews: bool = True,
        capture: bool = True,
        **misspelt: Never,
    ) -> None:
        if misspelt:
            from dotflow.model.options import unknown_option

            known = [n for n, v in vars(Config).items() if isinstance(v, _Provider)]
            known += ["previews", "capture"]
            raise unknown_option("Config()", misspelt, known)
        # A default is made when it is first read, so None needs no assignment.
        for name, provider in (
            ("storage", storage),
            ("notify", notify),
            ("log", log),
            ("server", server),
            ("scheduler", scheduler),
            ("tracer", tracer),
            ("metrics", metrics),
        ):
            if provider is not None:
                setattr(self, name, provider)
        if previews is not True:
            self.previews = previews
        if capture is not True:
            self.capture = capture

    if not TYPE_CHECKING:  # to which any name would be an attribute then

        def __setattr__(self, name: str, value: Any) -> None:
            provider = getattr(type(self), name, None)
            if isinstance(provider, _Provider):
                if value is None:
                    self.__dict__.pop(name, None)
                    return
                value = provider.checked(value)
            elif name in ("capture", "previews") and type(value) is not bool:
                raise NotCallableObject(name, "True or False")
            object.__setattr__(self, name, value)

    def holds(self, name: str) -> bool:
        """Say whether a provider is there: one that was given, or a default in use.

        Args:
            name: Its kind, such as `"storage"`.
        """
        return name in self.__dict__

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Those pickled before 2.0.0a2 have their providers under private names.
        self.__dict__.update({name.removeprefix("_"): v for name, v in state.items()})

    @classmethod
    def from_env(cls) -> Config:
        """Return what the environment variables `DOTFLOW_…` ask for.

        `DOTFLOW_STORAGE`, `DOTFLOW_LOG_LEVEL` and the others are described in
        `docs/configuration.md`. What none of them speaks of is the default.

        Raises:
            ConfigError: A variable is misspelt or malformed.
            ProviderNotInstalled: A provider's distribution is not installed.
        """
        from dotflow.config.sources import from_environment

        return cls(**from_environment())

    @classmethod
    def from_file(cls, path: str | PathLike[str] | None = None) -> Config:
        """Return what a TOML file asks for, and the environment, which goes first.

        Args:
            path: The file. Default: `dotflow.toml`, or a `pyproject.toml` that has a
                table `[tool.dotflow]`, in the current folder or the nearest above it.

        Raises:
            ConfigError: There is no file, or something in it is unknown or malformed.
            ProviderNotInstalled: A provider's distribution is not installed.
        """
        from dotflow.config.sources import from_file

        return cls(**from_file(path))

    def __repr__(self) -> str:
        # Names only: a provider may hold a token.
        chosen = (
            f"{name}={value if type(value) is bool else type(value).__name__}"
            for name, value in vars(self).items()
        )
        return f"Config({', '.join(chosen)})"


def tellers(config: Config) -> dict[str, Any]:
    """Return the providers that may have to hear of a run, by their kind.

    A default that hears nothing is not among them, and is not made for it.

    Args:
        config: All providers.
    """
    # A class of a user's own may have something in place of the default.
    silent = _SILENT if type(config) is Config else ()
    own = vars(config)
    return {
        name: getattr(config, name)
        for name in _SEVERAL
        if name in own or name not in silent
    }
