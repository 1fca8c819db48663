"""What a task and a run may be given: each option is declared, told and checked here.

Whoever takes options takes them as `**options: Unpack[…]` of one of these, so that none
of them is written down a second time.
"""

from __future__ import annotations

from dotflow.base.arguments import (
    Module,
    basic_callback,
    check_accepts,
    check_count,
    check_seconds,
    check_sizes,
    checked_limit,
)
from dotflow.errors import (
    InvalidOnInputChange,
    InvalidTask,
    NotCallableObject,
    UnknownOption,
)
from dotflow.types import IF_RUNNING, VALID_POLICIES, TypeInputChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypedDict, TypeVar

    from dotflow.types import IfRunning, InputChange

    Dep = str | Callable[..., Any]
    Options = TypeVar("Options")
else:
    from dotflow.base.untyped import TypedDict


class TaskOptions(TypedDict, total=False):
    """What both an `@action` and a task of a `Pipeline` may be declared with.

    Attributes:
        retry_delay: Seconds between two attempts; 1 for an action, 0 for a task.
        backoff: Double the delay after every attempt. Default False.
        retry_on: The exception class, or a tuple of them, worth another attempt.
            Default: any `Exception`.
        cache: Keep the result in the storage and find it again, in any later run, for
            the same code and the same inputs. Default False.
        cache_ttl: Seconds that a kept result counts; None for ever.
        cache_key: Called with the inputs by parameter name; what it returns stands for
            them. Default: the inputs themselves, of a context what is in it.
        limit: A name: no more attempts of what shares it run at once than the run's
            `limits={name: …}` says, 1 by default. Default None.
        rate: The most attempts that may start in a time, as `"10/s"`. Default None.
        resources: What an attempt needs of its worker, where the mode has workers with
            resources: `{"cpus": 2, "memory": "4GiB", "gpus": 1}`, or names of the
            cluster's own. Other modes do not look at it. Default None.
    """

    retry_delay: float
    backoff: bool
    retry_on: type[BaseException] | tuple[type[BaseException], ...]
    cache: bool
    cache_ttl: float | None
    cache_key: Callable[..., Any] | None
    limit: str | None
    rate: str | None
    resources: dict[str, Any] | None


class ActionOptions(TaskOptions, total=False):
    """What an `@action` may be declared with, beside `TaskOptions`.

    Attributes:
        retry: Attempts in all, at least one is made. Default 1.
        timeout: Seconds that one attempt may take, 0 for no limit. Default 0.
        jitter: The part of each delay that is random, 0 to 1; True is 1. Default 0.
        max_delay: The longest delay in seconds, None for no bound. Default None.
        isolate: Run each attempt in a process of its own, which a timeout kills
            whatever it is doing. Default False.
    """

    retry: int
    timeout: float
    jitter: float
    max_delay: float | None
    isolate: bool


class NodeOptions(TaskOptions, total=False):
    """What a task of a `Pipeline` may be declared with, beside `TaskOptions`.

    Attributes:
        timeout_s: Seconds that one attempt may take; None for no limit. A sync function
            with a limit runs in a process of its own, which can be stopped.
        retries: Attempts after the first failed one. Default 0.
        process: Run each attempt in a process of its own. Default False.
        retain_result: Whether the result is kept after the last task that needs it.
            Default True.
        map: A task, by name or as a decorated function: this one is called for each
            item of its result. Parameters `item` or the task's name receive the item,
            `index` its place; the result is the list of the items' results.
    """

    timeout_s: float | None
    retries: int
    process: bool
    retain_result: bool
    map: Dep | None


class RunOptions(TypedDict, total=False):
    """What every run may be given, of a `DotFlow` and of a `Pipeline`.

    Attributes:
        deadline: Seconds until the run is cancelled; None for no bound. The contexts
            of a pipeline's tasks tell the time that is left.
        limits: How many attempts may hold a named limit (`limit="db"`) at once, by its
            name; 1 for a name that is missing.
        refresh_cache: Whether the results of what has `cache=True` are made again.
        if_running: What to do while another run of this workflow id, or of this
            pipeline, goes on in any process that shares the storage: `"raise"`,
            `"wait"` for its end, `"skip"` this run, or `"cancel"` the other one and wait.
            Default: `"raise"` for a workflow with a fixed id in a durable storage of
            dotflow's own; else nobody looks. Waiting ends with the `deadline`.
        slow_after: Seconds after which notifiers are told that the run still goes on;
            None for what `NotifyRules` says, if that is there.
        tags: Words that mark the run in a history, as one text or several.
        progress: Whether to show the run while it goes on: below the cell of a
            notebook, on a terminal as `dotflow start` does where `dotflow-cli` is
            installed, else as lines on standard error. Default False.
    """

    deadline: float | None
    limits: dict[str, int] | None
    refresh_cache: bool
    if_running: IfRunning | None
    slow_after: float | None
    tags: str | Sequence[str] | None
    progress: bool


class ExecutorOptions(TypedDict, total=False):
    """What the executor of a mode may be made with; each mode takes some of them.

    Attributes:
        executor: For `"futures"`: a `concurrent.futures.Executor`, which stays open, or
            what makes one, which is closed with the run.
        address: Where the cluster of the mode is, or a client of it. Default: what the
            environment says, else one on this computer for the run alone.
        prefetch: Attempts that a worker is given at once, for each it can run, so that
            it need not wait for the next one.
    """

    executor: Any
    address: Any
    prefetch: int | None


class StartOptions(RunOptions, ExecutorOptions, total=False):
    """What `DotFlow.start` may be given, beside a mode, `RunOptions` and `ExecutorOptions`.

    Attributes:
        on_success: Called as `on_success(tasks=[…])` when no task has failed, or the
            dotted path of such a callable.
        on_failure: Called as `on_failure(tasks=[…])` otherwise.
        keep_going: Run a task although the one before it has failed. Default False.
        resume: Restore the tasks that an earlier run of this workflow id has completed,
            from the storage; run the others. Default False. The id of a run, or the
            beginning of it, as the history tells it: go on from that one, though newer
            ones have not.
        on_input_change: What a resume does when the initial contexts differ from those
            that kept results came from: `"reuse"` the results (default), `"reset"` and
            start over, or `"raise"`. A task that depends on others than its result was
            made from runs again, and is refused under `"raise"`.
        fingerprint: What stands for the inputs; default: a hash of them.
        max_parallel: The bound on attempts at once; default: the number of cores, or of
            groups.
        wait_at_exit: Whether the end of the script waits for a background run. Default
            True.
        retain_results: Whether a result stays in memory after the last task that needs
            it. Default True. Without, a durable storage gives it when it is asked for;
            in a memory it is gone. The last tasks of all keep theirs.
    """

    on_success: Callable[..., Any] | str
    on_failure: Callable[..., Any] | str
    keep_going: bool
    resume: bool | str
    on_input_change: InputChange
    fingerprint: str | None
    max_parallel: int | None
    wait_at_exit: bool
    retain_results: bool


TASK_DEFAULTS: TaskOptions = {
    "retry_delay": 0,
    "backoff": False,
    "retry_on": Exception,
    "cache": False,
    "cache_ttl": None,
    "cache_key": None,
    "limit": None,
    "rate": None,
    "resources": None,
}
ACTION_DEFAULTS: ActionOptions = {
    **TASK_DEFAULTS,
    "retry_delay": 1,
    "retry": 1,
    "timeout": 0,
    "jitter": 0,
    "max_delay": None,
    "isolate": False,
}
NODE_DEFAULTS: NodeOptions = {
    **TASK_DEFAULTS,
    "timeout_s": None,
    "retries": 0,
    "process": False,
    "retain_result": True,
    "map": None,
}
RUN_DEFAULTS: RunOptions = {
    "deadline": None,
    "limits": None,
    "refresh_cache": False,
    "if_running": None,
    "slow_after": None,
    "tags": None,
    "progress": False,
}
EXECUTOR_DEFAULTS: ExecutorOptions = {
    "executor": None,
    "address": None,
    "prefetch": None,
}
START_DEFAULTS: StartOptions = {
    **RUN_DEFAULTS,
    **EXECUTOR_DEFAULTS,
    "on_success": basic_callback,
    "on_failure": basic_callback,
    "keep_going": False,
    "resume": False,
    "on_input_change": TypeInputChange.REUSE,
    "fingerprint": None,
    "max_parallel": None,
    "wait_at_exit": True,
    "retain_results": True,
}


def complete(what: str, options: Options, defaults: Options) -> Options:
    """Return options with the defaults of all that were not given.

    Args:
        what: What takes them, for an error.
        options: Those given.
        defaults: All there are.

    Raises:
        UnknownOption: One is none of them.
    """
    full: Any = {**defaults, **options}  # type: ignore[dict-item]
    if len(full) > len(defaults):  # type: ignore[arg-type]
        raise unknown_option(what, full, defaults)
    return full  # type: ignore[no-any-return]


def placed(
    what: str, names: Sequence[str], values: Sequence[Any], options: Options
) -> Options:
    """Return options with those that were given by their place.

    Args:
        what: What takes them, for an error.
        names: The options that may be given so, in order.
        values: What was given so.
        options: Those given by name.

    Raises:
        TypeError: There are more values than places, or one is given twice.
    """
    if len(values) > len(names):
        raise TypeError(f"{what} takes no more by place than {', '.join(names)}.")
    by_place = dict(zip(names, values, strict=False))
    for name in by_place:
        if name in options:  # type: ignore[operator]
            raise TypeError(f"{what} was given {name!r} by place and by name.")
    return {**by_place, **options}  # type: ignore[dict-item, return-value]


def check_node(name: str, options: NodeOptions) -> None:
    """Check what a task of a pipeline was declared with, as far as it can be by then.

    Args:
        name: The name of the task.
        options: Its options, complete.

    Raises:
        InvalidTask: A value is out of range or of a wrong type.
    """
    timeout, retries = options["timeout_s"], options["retries"]
    if timeout is not None and (
        isinstance(timeout, bool)
        or not isinstance(timeout, (int, float))
        or not timeout > 0
    ):
        raise InvalidTask(
            f"Task {name!r}: timeout_s={timeout!r} must be more than 0 seconds, or None"
            " for no limit."
        )
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise InvalidTask(
            f"Task {name!r}: retries={retries!r} must be a whole number, 0 or more."
        )
    checked_limit(options["limit"])
    if options["rate"] is not None:
        from dotflow.model.rate import parse_rate

        parse_rate(options["rate"])
    if options["resources"] is not None:
        from dotflow.model.resources import checked_resources

        checked_resources(options["resources"])


def check_run(options: RunOptions) -> RunOptions:
    """Return the options of a run, complete and checked.

    Raises:
        TypeError: There is no such option.
        InvalidTask: A value is out of range or of a wrong type.
    """
    full = complete("A run", options, RUN_DEFAULTS)
    _check_bounds(full)
    return full


def check_start(options: StartOptions) -> StartOptions:
    """Return the options of a start, complete and checked, its callbacks as objects.

    Raises:
        TypeError: There is no such option.
        InvalidOnInputChange: There is no such policy.
        NotCallableObject: A callback cannot be called, or does not take `tasks=`.
        ImportModuleError: The dotted path of one leads nowhere.
        InvalidTask: A value is out of range or of a wrong type.
    """
    full = complete("start()", options, START_DEFAULTS)
    if full["on_input_change"] not in VALID_POLICIES:
        raise InvalidOnInputChange(full["on_input_change"])
    if full["on_success"] is not basic_callback:
        full["on_success"] = _callback("on_success", full["on_success"])
    if full["on_failure"] is not basic_callback:
        full["on_failure"] = _callback("on_failure", full["on_failure"])
    if full["max_parallel"] is not None:
        full["max_parallel"] = check_count("max_parallel", full["max_parallel"])
    if full["prefetch"] is not None:
        full["prefetch"] = check_count("prefetch", full["prefetch"])
    _check_bounds(full)
    return full


def _check_bounds(full: RunOptions) -> None:
    if full["deadline"] is not None:
        full["deadline"] = check_seconds("deadline", full["deadline"])
    if full["slow_after"] is not None:
        full["slow_after"] = check_seconds("slow_after", full["slow_after"])
    if full["limits"] is not None:
        full["limits"] = check_sizes(full["limits"])
    if full["if_running"] is not None and full["if_running"] not in IF_RUNNING:
        raise InvalidTask(
            f"if_running={full['if_running']!r} does not exist. Use one of:"
            f" {', '.join(map(repr, IF_RUNNING))}."
        )
    if not isinstance(full["progress"], bool):
        raise InvalidTask(f"progress={full['progress']!r}: give True or False.")
    if full["tags"] is not None:
        full["tags"] = _tags(full["tags"])


def _tags(given: Any) -> tuple[str, ...]:
    tags = (given,) if isinstance(given, str) else given
    if not isinstance(tags, (list, tuple, set, frozenset)) or not all(
        isinstance(tag, str) and tag.strip() for tag in tags
    ):
        raise InvalidTask(f"tags={given!r}: give a text, or a list of texts.")
    return tuple(dict.fromkeys(tag.strip() for tag in tags))


def _callback(name: str, value: Callable[..., Any] | str) -> Callable[..., Any]:
    callback = Module(value)
    if not callable(callback):
        raise NotCallableObject(
            f"{name}={value!r}", "a callable that accepts tasks=, or its dotted path"
        )
    check_accepts(name, callback, "tasks")
    return callback  # type: ignore[no-any-return]


def unknown_option(what: str, given: Any, known: Any) -> UnknownOption:
    """Return the error for a name that is none of the known ones.

    Args:
        what: What takes them.
        given: The names given, or a dictionary by them.
        known: All there are.
    """
    from dotflow.base.suggest import hint

    name = min(set(given) - set(known))
    return UnknownOption(
        f"{what} has no option {name!r}.{hint(name, known)} It takes:"
        f" {', '.join(sorted(known))}."
    )
