"""The import paths of dotflow 1.x, each with the names that users take from it."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from dotflow.core.exception import ModuleNotFound

PATHS = {
    "dotflow": "action Context Config DotFlow Task __version__ __description__",
    "dotflow.abc.file": "FileClient",
    "dotflow.abc.flow": "Flow",
    "dotflow.abc.http": "HTTPRequest",
    "dotflow.abc.log": "Log LogRecord LogRecordError LEVELS",
    "dotflow.abc.metrics": "Metrics",
    "dotflow.abc.notify": "Notify",
    "dotflow.abc.scheduler": "Scheduler",
    "dotflow.abc.server": "Server",
    "dotflow.abc.storage": "Storage",
    "dotflow.abc.tcp": "TCPClient TCPServer",
    "dotflow.abc.tracer": "Tracer",
    "dotflow.core.action": "Action",
    "dotflow.core.config": "Config",
    "dotflow.core.config_file": (
        "config_path load_cloud_config save_cloud_config clear_cloud_config resolve"
    ),
    "dotflow.core.context": "ContextInstance Context",
    "dotflow.core.decorators": "time",
    "dotflow.core.dotflow": "DotFlow",
    "dotflow.core.engine": "TaskEngine",
    "dotflow.core.exception": (
        "MissingActionDecorator ExecutionModeNotExist ImportModuleError"
        " NotCallableObject ProblemOrdering ModuleNotFound InvalidWorkflowFactory"
        " WorkflowFlagConflict ExecutionWithClassError InputChangedError"
        " InvalidOnInputChange"
    ),
    "dotflow.core.fingerprint": "input_fingerprint",
    "dotflow.core.module": "Module",
    "dotflow.core.task": "TaskInstance Task TaskBuilder TaskError",
    "dotflow.core.types": (
        "TypeExecution TypeInputChange TypeOverlap TypeStatus TypeStorage"
        " WorkflowStatus VALID_POLICIES"
    ),
    "dotflow.core.workflow": (
        "Manager Sequential SequentialGroup Background Parallel grouper"
    ),
    "dotflow.logging": "logger",
    "dotflow.main": "main",
    "dotflow.providers": (
        "LogDefault MetricsDefault NotifyDefault SchedulerDefault ServerDefault"
        " StorageDefault StorageFile TracerDefault"
    ),
    "dotflow.providers.log_default": "LogDefault",
    "dotflow.providers.metrics_default": "MetricsDefault",
    "dotflow.providers.notify_default": "NotifyDefault",
    "dotflow.providers.scheduler_default": "SchedulerDefault",
    "dotflow.providers.server_default": "ServerDefault",
    "dotflow.providers.storage_default": "StorageDefault",
    "dotflow.providers.storage_file": "StorageFile",
    "dotflow.providers.tracer_default": "TracerDefault",
    "dotflow.settings": "Settings",
    "dotflow.testing": "StorageContract",
    "dotflow.types": "TypeStatus TypeStorage",
    "dotflow.utils": (
        "traceback_error message_error basic_function basic_callback hostname"
        " write_file read_file"
    ),
}

# What other distributions hold: the path is the core's, the object is theirs.
FORWARDED = {
    "dotflow.core.serializers.task": ("SerializerTask", "dotflow_schema"),
    "dotflow.core.serializers.transport": ("SerializerTransport", "dotflow_schema"),
    "dotflow.core.serializers.workflow": ("SerializerWorkflow", "dotflow_schema"),
}


@pytest.mark.parametrize(
    ("path", "name"),
    [(path, name) for path, names in PATHS.items() for name in names.split()],
)
def test_every_path_of_1x_imports(path, name):
    """`from path import name` works for every path that users of 1.x import."""
    assert getattr(import_module(path), name) is not None


@pytest.mark.parametrize(
    ("path", "names"), [pair for pair in PATHS.items() if "abc" in pair[0]]
)
def test_bases_of_providers_are_classes(path, names):
    """Every ABC is a class, under the name its module is called for."""
    module = import_module(path)
    classes = [name for name in names.split() if name != "LEVELS"]
    assert all(isinstance(getattr(module, name), type) for name in classes)


@pytest.mark.parametrize("path", FORWARDED)
def test_models_are_found_at_their_1x_path(path):
    """A model of `dotflow-schema` is the same object under the core's path."""
    name, package = FORWARDED[path]
    owner = pytest.importorskip(package)
    assert getattr(import_module(path), name) is getattr(owner, name)


def test_the_command_line_without_its_distribution_says_what_to_install(monkeypatch):
    """`dotflow.main.main` without `dotflow-cli` names the distribution."""

    class Absent:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name.partition(".")[0] == "dotflow_cli":
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    for name in [name for name in sys.modules if name.startswith("dotflow_cli")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Absent, *sys.meta_path])
    with pytest.raises(ModuleNotFound, match="pip install dotflow-cli"):
        import_module("dotflow.main").main()


def test_unknown_names_are_attribute_errors():
    """A name that does not exist is an `AttributeError` that repeats it."""
    with pytest.raises(AttributeError, match="has no attribute 'Dotflow'"):
        import_module("dotflow").Dotflow  # noqa: B018


def test_action_is_a_class():
    """`dotflow.action` is the class `dotflow.core.action.Action` itself."""
    from dotflow import action
    from dotflow.core.action import Action

    assert action is Action
    assert isinstance(action(len), action)


def test_one_object_under_all_its_paths():
    """Re-exports are the same objects, so `isinstance` and `except` hold across them."""
    import dotflow
    from dotflow.core import task
    from dotflow.core.builder import TaskBuilder

    assert dotflow.DotFlow is import_module("dotflow.core.dotflow").DotFlow
    assert dotflow.Context is import_module("dotflow.core.context").Context
    assert dotflow.Task is task.Task
    assert task.TaskBuilder is TaskBuilder
    assert (
        import_module("dotflow.abc.flow").Flow
        in import_module("dotflow.core.workflow").Sequential.__mro__
    )


def test_import_pulls_in_nothing_heavy():
    """`import dotflow` with its five names loads no heavy and no third-party module."""
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import dotflow\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "heavy = {'asyncio', 'multiprocessing', 'sqlite3', 'urllib', 'subprocess'}\n"
        "print(sorted(heavy & new), sorted(new - {'dotflow'} - sys.stdlib_module_names))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert result.stdout.strip() == "[] []", result.stderr
