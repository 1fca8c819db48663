"""Every error that dotflow raises, under one root: `DotflowError`.

Each message says what was wrong, where, and what to do next. The classes of
dotflow 1.x keep their names and their arguments.
"""

from __future__ import annotations

from dotflow.__about__ import __version__

MESSAGE_UNKNOWN_ERROR = "Unknown error: look at the task's errors for the cause."
MESSAGE_MISSING_STEP_DECORATOR = (
    "A step must be decorated with '@action': add the decorator above its"
    " definition, or wrap it as action(step)."
)
MESSAGE_NOT_CALLABLE_OBJECT = (
    "Problem validating '{name}': it is not what this argument takes."
)
MESSAGE_EXECUTION_NOT_EXIST = (
    "The execution mode does not exist. Use one of: 'sequential',"
    " 'sequential_group', 'background', 'parallel'."
)
MESSAGE_IMPORT_MODULE_ERROR = (
    "Problem importing the python module '{module}': check the spelling, and"
    " that it can be imported from the current directory."
)
MESSAGE_PROBLEM_ORDERING = "Problem with correctly ordering functions of '{name}'."
MESSAGE_MODULE_NOT_FOUND = (
    "Module '{module}' not found. Please install it with: pip install {library}"
)
MESSAGE_EXECUTION_WITH_CLASS = "A problem occurred while running the class '{name}'."
MESSAGE_INVALID_WORKFLOW_FACTORY = (
    "'{factory}' is not a workflow factory: it must be a DotFlow, a Pipeline, or a"
    " callable that returns one (return it, do not start it)."
)
MESSAGE_WORKFLOW_FLAG_CONFLICT = (
    "'{flag}' cannot be used together with '--workflow': set it inside the factory."
)
MESSAGE_INPUT_CHANGED = (
    "The initial contexts of workflow '{workflow_id}' differ from those of the run"
    " to resume. Resume with on_input_change='reuse' to keep its checkpoints, or"
    " 'reset' to start over."
)
MESSAGE_GRAPH_CHANGED = (
    "What task '{task}' of workflow '{workflow_id}' depends on, or its place, is not what"
    " its stored result was made from. Resume with on_input_change='reuse' to run it"
    " again with all that follows it, or start without resume."
)
MESSAGE_INVALID_ON_INPUT_CHANGE = (
    "on_input_change={value!r} does not exist. Use 'reuse', 'reset' or 'raise'."
)


def pip_line(extra: str) -> str:
    """Return the line that installs an extra.

    Args:
        extra: Its name.
    """
    # With a version: without one pip would rather go back to the newest release than
    # keep a pre-release.
    return f'pip install "dotflow[{extra}]=={__version__}"'


class DotflowError(Exception):
    """The root of every error that dotflow raises. It can be pickled."""

    def __reduce__(self) -> tuple[object, ...]:
        # Not by calling the class again: what it takes is not what it says.
        return (_revive, (type(self), self.args, self.__dict__))


def _revive(
    cls: type[DotflowError], args: tuple[object, ...], state: dict[str, object]
) -> DotflowError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class MissingActionDecorator(DotflowError, TypeError):
    """A step is not an `@action`."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            f"{detail} {MESSAGE_MISSING_STEP_DECORATOR}"
            if detail
            else MESSAGE_MISSING_STEP_DECORATOR
        )


class UnknownOption(DotflowError, TypeError):
    """There is no argument of that name."""


class UnknownTask(DotflowError, KeyError):
    """There is no task of that name."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would quote it


class ExecutionModeNotExist(DotflowError, ValueError):
    """`start(mode=…)` names no known mode.

    Args:
        mode: The name.
        known: Those that there are.
        meant: A sentence that tells the one which was probably meant.
    """

    def __init__(
        self, mode: object = None, known: tuple[str, ...] = (), meant: str = ""
    ) -> None:
        if mode is None:
            super().__init__(MESSAGE_EXECUTION_NOT_EXIST)
            return
        names = ", ".join(repr(name) for name in known)
        super().__init__(
            f"The execution mode {mode!r} does not exist.{meant} Use one of: {names}."
        )


class ImportModuleError(DotflowError, ImportError):
    """A dotted path such as `"package.module.attribute"` leads nowhere.

    Args:
        module: The path as the user wrote it.
        reason: What went wrong on the way, one sentence.
    """

    def __init__(self, module: str, reason: str = "") -> None:
        message = MESSAGE_IMPORT_MODULE_ERROR.format(module=module)
        super().__init__(f"{message} ({reason})" if reason else message)


class NotCallableObject(DotflowError, TypeError):
    """A callback or a provider is not of the kind its argument takes."""

    def __init__(self, name: str, expected: str = "") -> None:
        message = MESSAGE_NOT_CALLABLE_OBJECT.format(name=name)
        super().__init__(f"{message} Expected: {expected}." if expected else message)


class ProblemOrdering(DotflowError):
    """The steps of a class cannot be put in order."""

    def __init__(self, name: str) -> None:
        super().__init__(MESSAGE_PROBLEM_ORDERING.format(name=name))


class ModuleNotFound(DotflowError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, module: str, library: str) -> None:
        super().__init__(
            MESSAGE_MODULE_NOT_FOUND.format(module=module, library=library)
        )


class ProviderError(DotflowError, ValueError):
    """An argument of a provider is out of range or malformed."""


class ConfigError(ProviderError):
    """A setting in a file or in the environment is unknown or malformed."""


class ProviderNotInstalled(DotflowError, ImportError):
    """A known provider's distribution is not installed."""

    def __init__(self, name: str, distribution: str, extra: str) -> None:
        super().__init__(f"{name} needs {distribution}: {pip_line(extra)}")


class ProviderConflict(DotflowError, ImportError):
    """Two distributions register one provider name, or a wrong object."""


class InvalidWorkflowFactory(DotflowError, TypeError):
    """`--workflow` leads to something that gives no workflow."""

    def __init__(self, factory: str, reason: str = "") -> None:
        message = MESSAGE_INVALID_WORKFLOW_FACTORY.format(factory=factory)
        super().__init__(f"{message} ({reason})" if reason else message)


class WorkflowFlagConflict(DotflowError, ValueError):
    """A flag of `--step` was given together with `--workflow`."""

    def __init__(self, flag: str) -> None:
        super().__init__(MESSAGE_WORKFLOW_FLAG_CONFLICT.format(flag=flag))


class ExecutionWithClassError(DotflowError):
    """A class-based step cannot be run."""

    def __init__(self, name: str = "Unknown", reason: str = "") -> None:
        message = MESSAGE_EXECUTION_WITH_CLASS.format(name=name)
        super().__init__(f"{message} {reason}" if reason else message)


class InputChangedError(DotflowError, ValueError):
    """`on_input_change="raise"`, and the inputs are not those of the stored results.

    Args:
        workflow_id: The workflow, or the run of a pipeline.
        task: The task whose place in the graph has changed; None for the inputs.
    """

    def __init__(self, workflow_id: object, task: str | None = None) -> None:
        message = MESSAGE_INPUT_CHANGED if task is None else MESSAGE_GRAPH_CHANGED
        super().__init__(message.format(workflow_id=workflow_id, task=task))


class InvalidOnInputChange(DotflowError, ValueError):
    """`on_input_change` is none of the policies."""

    def __init__(self, value: object) -> None:
        super().__init__(MESSAGE_INVALID_ON_INPUT_CHANGE.format(value=value))


class InvalidWorkflowId(DotflowError, ValueError):
    """A workflow id cannot name a run in every storage."""

    def __init__(self, workflow_id: object) -> None:
        super().__init__(
            f"workflow_id={workflow_id!r} is malformed. Use a UUID, or 1 to 200"
            " letters, digits, '-', '_', '.' or ':' that begin with a letter or digit."
        )


class InvalidTask(DotflowError, ValueError):
    """An argument of a task or of `@action` is out of range or of a wrong type."""


class GraphError(DotflowError, ValueError):
    """The tasks do not form a graph that can run.

    Args:
        problems: One sentence for each thing that is wrong.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = list(problems)
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"The workflow cannot run:{lines}")


class WorkflowAlreadyRunning(DotflowError, RuntimeError):
    """`start()` was called while another run of the workflow goes on.

    Args:
        workflow_id: The workflow.
        holder: Who runs it, where that is known: a text such as `"process 4 on host a"`.

    Attributes:
        workflow_id: The workflow.
    """

    def __init__(self, workflow_id: object, holder: str | None = None) -> None:
        self.workflow_id = workflow_id
        if holder is not None:
            super().__init__(
                f"Workflow '{workflow_id}' is running already: {holder}. Wait for it with"
                " start(if_running='wait') or --if-running wait, leave this run out with"
                " 'skip', end the other one with 'cancel', or give this one another"
                " workflow_id."
            )
            return
        super().__init__(
            f"Workflow '{workflow_id}' is still running in the background. Wait for"
            " it with manager.wait(), or build a second DotFlow."
        )


class ResumeNeedsWorkflowId(DotflowError, ValueError):
    """`resume=True` on a workflow whose id is new in every process."""

    def __init__(self) -> None:
        super().__init__(
            "resume=True needs a fixed workflow_id: this workflow got a random one,"
            ' so there is nothing to resume. Pass DotFlow(workflow_id="my-pipeline")'
            " or --workflow-id my-pipeline on the command line, or set the environment"
            " variable WORKFLOW_ID."
        )


class SchedulerMissing(DotflowError, ValueError):
    """A workflow is to be scheduled that has no scheduler."""

    def __init__(self) -> None:
        super().__init__(
            "This workflow has no scheduler: give it one, as in"
            ' DotFlow(Config(scheduler=SchedulerCron("*/5 * * * *"))), with SchedulerCron'
            ' of "dotflow[scheduler]"; on the command line, give --cron.'
        )


class NothingToResume(DotflowError, ValueError):
    """`resume=True` on a workflow whose storage is the default one, and empty."""

    def __init__(self, workflow_id: object) -> None:
        super().__init__(
            f"resume=True finds nothing of workflow '{workflow_id}': it was given no"
            " storage, and the default one, StorageDefault, is in memory, so that no"
            " process finds what another has left. Give it one that stays, as"
            ' DotFlow(Config(storage=StorageSQLite("runs.db")), workflow_id=…).'
        )


class RunOfAnotherWorkflow(DotflowError, ValueError):
    """`resume=RUN_ID` names a run of another workflow."""

    def __init__(self, run_id: str, its: object, workflow_id: object) -> None:
        super().__init__(
            f"resume={run_id!r} is a run of workflow '{its}', and this is workflow"
            f" '{workflow_id}': build it with DotFlow(workflow_id={str(its)!r}), or give"
            " --workflow-id on the command line, to go on from that run."
        )


class StorageNotDurable(DotflowError, ValueError):
    """Tasks of one run in several processes have no place for their results."""

    def __init__(self, storage: str) -> None:
        super().__init__(
            f"A task that is run alone takes what is upstream of it from the storage, and"
            f" {storage} keeps nothing for another process. Give the workflow a storage"
            " that does, such as StorageSQLite or StorageS3, or name one in the"
            " environment variable DOTFLOW_STORAGE."
        )


class UpstreamNotCompleted(DotflowError, RuntimeError):
    """A task was run alone before what it depends on has completed.

    Args:
        task: Its name.
        upstream: The names of the tasks that have no stored result.
        run_id: The run.
    """

    def __init__(self, task: str, upstream: list[str], run_id: object) -> None:
        names = ", ".join(map(repr, upstream))
        super().__init__(
            f"Task '{task}' of run '{run_id}' cannot run yet: the storage has no result"
            f" of {names}. Run what is upstream first, with the same run id, workflow"
            " and storage."
        )


class WorkerDied(DotflowError, RuntimeError):
    """The process of an attempt ended before it reported a result."""


class VersionMismatch(DotflowError, RuntimeError):
    """A worker has other versions than this process, or lacks what steps are made of."""


class ClusterUnavailable(DotflowError, ConnectionError):
    """There is no cluster where a mode was told to look for one, or it has no workers."""


class NotPicklable(DotflowError, TypeError):
    """A value cannot travel between the processes of this mode."""


class TellingRefused(DotflowError, ValueError):
    """A step has told what cannot be kept: progress, an artifact or a fact.

    Args:
        what: What it was.
        why: Why not, and what to do.
        task: The task whose step it was; None outside of a run.
    """

    def __init__(self, what: str, why: str, task: str | None = None) -> None:
        of = "" if task is None else f" of task '{task}'"
        super().__init__(f"{what}{of} {why}")


class StorageError(DotflowError):
    """A storage could not keep or give back a value."""


class LeaseLost(StorageError):
    """A run may store nothing more: another one has taken its place.

    Args:
        key: The key of the lease.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"Nothing more of this run is stored: its lease '{key}' is gone, since"
            " another run has taken over, or what is stored was deleted or replaced."
            " What the other run has not completed is to be resumed there."
        )


class SwapNotSupported(StorageError):
    """What holds a storage's data has no conditional writes or locks."""


class EncodeError(StorageError, TypeError):
    """A value has no stored form under the codec in use.

    Args:
        type_name: The type that cannot be stored, `module.Name`.
        option: What the user can do about it, one sentence.
    """

    def __init__(self, type_name: str, option: str) -> None:
        self.type_name = type_name
        self.option = option
        super().__init__(f"A value of type {type_name} cannot be stored. {option}")


class DecodeError(StorageError, ValueError):
    """A stored value cannot be read back."""
