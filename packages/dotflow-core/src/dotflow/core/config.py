"""`Config`: the providers that a workflow uses."""

from __future__ import annotations

from dotflow.core.exception import NotCallableObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.abc.log import Log
    from dotflow.abc.metrics import Metrics
    from dotflow.abc.notify import Notify
    from dotflow.abc.scheduler import Scheduler
    from dotflow.abc.server import Server
    from dotflow.abc.storage import Storage
    from dotflow.abc.tracer import Tracer


class _Provider:
    """An attribute that takes an instance of one ABC and makes its default when read.

    The ABC is `dotflow.abc.<name>.<Name>` and the default
    `dotflow.providers.<name>_default.<Name>Default`: neither is imported before it is
    needed.
    """

    __slots__ = ("family", "name", "slot")

    def __set_name__(self, owner: type[Config], name: str) -> None:
        self.name = name
        self.slot = f"_{name}"
        self.family = name.capitalize()

    def __get__(self, config: Config | None, owner: type[Config]) -> Any:
        if config is None:
            return self
        values = config.__dict__
        found = values.get(self.slot)
        if found is None:
            default = self._load(f"dotflow.providers.{self.name}_default", "Default")
            # `setdefault` is atomic: two threads that read at the same time must get
            # one storage in memory, not one each.
            found = values.setdefault(self.slot, default())
        return found

    def __set__(self, config: Config, value: object) -> None:
        if value is None:
            config.__dict__.pop(self.slot, None)
            return
        expected = self._load(f"dotflow.abc.{self.name}")
        if not isinstance(value, expected):
            raise NotCallableObject(self.name, self._explain(value, expected))
        config.__dict__[self.slot] = value

    def _load(self, module: str, suffix: str = "") -> Any:
        from importlib import import_module

        return getattr(import_module(module), self.family + suffix)

    def _explain(self, value: object, expected: type) -> str:
        wanted = f"an instance of {expected.__module__}.{expected.__name__}"
        if not isinstance(value, type):
            return f"{wanted}, not a {type(value).__name__}"
        if issubclass(value, expected):
            name = value.__name__
            return f"{wanted}, not the class: call it, {self.name}={name}(…)"
        return f"{wanted}, not the class {value.__name__}"


class Config:
    """The providers of a workflow; each one left out is the default of its kind.

    Args:
        storage: Keeps results and checkpoints. Default: `StorageDefault`, in memory.
        notify: Tells people about changes of status. Default: nobody.
        log: Writes log lines. Default: `LogDefault`, to the console.
        server: Reports to a remote API. Default: `ServerDefault`, which reports if an
            address and a token are configured.
        scheduler: Runs the workflow again and again. Default: nothing.
        tracer: Records traces. Default: none.
        metrics: Counts and measures. Default: nothing.

    Raises:
        NotCallableObject: An argument is not an instance of the ABC of its kind. The
            same when an attribute is assigned later; assigning None restores the
            default.
    """

    if TYPE_CHECKING:
        storage: Storage
        notify: Notify
        log: Log
        server: Server
        scheduler: Scheduler
        tracer: Tracer
        metrics: Metrics
    else:
        storage = _Provider()
        notify = _Provider()
        log = _Provider()
        server = _Provider()
        scheduler = _Provider()
        tracer = _Provider()
        metrics = _Provider()

    def __init__(
        self,
        storage: Storage | None = None,
        notify: Notify | None = None,
        log: Log | None = None,
        server: Server | None = None,
        scheduler: Scheduler | None = None,
        tracer: Tracer | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        # A default is made when it is first read, so None needs no assignment.
        if storage is not None:
            self.storage = storage
        if notify is not None:
            self.notify = notify
        if log is not None:
            self.log = log
        if server is not None:
            self.server = server
        if scheduler is not None:
            self.scheduler = scheduler
        if tracer is not None:
            self.tracer = tracer
        if metrics is not None:
            self.metrics = metrics

    def __repr__(self) -> str:
        # Names only: a provider may hold a token.
        chosen = (
            f"{name[1:]}={type(value).__name__}" for name, value in vars(self).items()
        )
        return f"Config({', '.join(chosen)})"
