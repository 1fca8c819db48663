"""`dotflow.providers`: names that lead to built-ins and to installed distributions."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dotflow import providers
from dotflow.errors import ImportModuleError, ProviderConflict, ProviderNotInstalled
from dotflow.providers import registry

NOTIFIER = """
from dotflow.abc.notify import Notify
class NotifyPigeon(Notify):
    def hook_status_task(self, task): pass
"""


@pytest.fixture
def distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """Install a distribution: a module and an entry point that leads into it."""
    made: list[str] = []
    known = set(vars(providers))

    def make(
        name: str,
        code: str,
        entry: str,
        value: str,
        group: str = "dotflow.providers",
        where: str = "",
    ) -> None:
        folder = tmp_path / (where or name)
        info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry} = {value}\n")
        module = value.partition(":")[0]
        (folder / f"{module}.py").write_text(code)
        made.append(module)
        monkeypatch.syspath_prepend(folder)

    yield make
    for module in made:
        sys.modules.pop(module, None)
    for name in set(vars(providers)) - known:
        delattr(providers, name)


@pytest.mark.parametrize("name", sorted(registry.BUILT_IN))
def test_built_ins_have_two_paths(name: str) -> None:
    """A built-in is the same class by its name and in the module named after it."""
    module = importlib.import_module(f"dotflow.providers.{registry.BUILT_IN[name]}")
    assert getattr(providers, name) is getattr(module, name)


def test_all_names_the_built_ins_alone() -> None:
    """`import *` asks for nothing that may be absent."""
    assert providers.__all__ == sorted(registry.BUILT_IN)
    namespace: dict[str, Any] = {}
    exec("from dotflow.providers import *", namespace)
    assert set(registry.BUILT_IN) <= set(namespace)


def test_nothing_is_loaded_before_it_is_used(run_program: Any) -> None:
    """Importing the package loads none of its providers."""
    ran = run_program(
        """
        import sys
        import dotflow.providers
        print([name for name in sys.modules if name.startswith("dotflow.providers.")])
        """
    )
    assert ran.stdout == "[]\n", ran.stderr


def test_type_checkers_see_what_the_registry_knows() -> None:
    """The block for type checkers, the table and `__all__` agree."""
    tree = ast.parse(Path(str(providers.__file__)).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and str(node.module).startswith(("dotflow_", "dotflow.providers."))
        for alias in node.names
        if alias.asname == alias.name
    }
    assert seen == {
        **{name: f"dotflow.providers.{at}" for name, at in registry.BUILT_IN.items()},
        **{
            name: distribution.replace("-", "_")
            for name, (distribution, _) in registry.INTEGRATIONS.items()
        },
    }


@pytest.mark.parametrize("name", sorted(registry.INTEGRATIONS))
def test_integrations_have_two_paths(name: str) -> None:
    """An integration is found by name and by module, or both say what to install."""
    distribution, extra = registry.INTEGRATIONS[name]
    family = next(f for f in registry._FAMILIES if name.lower().startswith(f))
    path = f"dotflow.providers.{family}_{name[len(family) :].lower()}"
    if importlib.util.find_spec(distribution.replace("-", "_")) is not None:
        module = importlib.import_module(path)
        assert getattr(module, name) is getattr(providers, name)
        return
    line = f'{name} needs {distribution}: pip install "dotflow\\[{extra}\\]=='
    with pytest.raises(ProviderNotInstalled, match=line):
        exec(f"from dotflow.providers import {name}")
    with pytest.raises(ProviderNotInstalled, match=line):
        getattr(providers, name)
    with pytest.raises(ProviderNotInstalled, match=line):
        importlib.import_module(path)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name is what Python calls it, with the name that was meant."""
    with pytest.raises(AttributeError, match="Did you mean 'StorageFile'"):
        _ = providers.StorageFiles
    with pytest.raises(ImportError, match="StorageFiles"):
        exec("from dotflow.providers import StorageFiles")
    assert not hasattr(providers, "_private")


def test_a_distribution_adds_a_provider(distribution: Any) -> None:
    """Whatever registers a class is found by its name, listed, and loaded once."""
    distribution("pigeons", NOTIFIER, "NotifyPigeon", "pigeons:NotifyPigeon")
    assert "NotifyPigeon" in dir(providers)
    found = providers.NotifyPigeon
    assert found.__module__ == "pigeons"
    assert vars(providers)["NotifyPigeon"] is found


def test_two_distributions_cannot_share_a_name(distribution: Any) -> None:
    """A name that two distributions claim is refused, and both are named."""
    distribution("pigeons", NOTIFIER, "NotifyPigeon", "pigeons:NotifyPigeon")
    distribution("doves", NOTIFIER, "NotifyPigeon", "doves:NotifyPigeon")
    with pytest.raises(ProviderConflict, match=r"doves.* and pigeons"):
        _ = providers.NotifyPigeon


def test_one_distribution_found_twice_is_one(distribution: Any) -> None:
    """A distribution on the path twice, e.g. also editable, is no conflict."""
    for where in ("one", "two"):
        distribution(
            "pigeons", NOTIFIER, "NotifyPigeon", "pigeons:NotifyPigeon", where=where
        )
    assert providers.NotifyPigeon.__name__ == "NotifyPigeon"


def test_an_error_inside_an_integration_is_seen(distribution: Any) -> None:
    """An installed integration that fails says so itself, not "not installed"."""
    distribution("pigeons", "import seeds_nobody_has", "NotifyPigeon", "pigeons:X")
    with pytest.raises(ModuleNotFoundError, match="seeds_nobody_has") as caught:
        _ = providers.NotifyPigeon
    assert "NotifyPigeon" in caught.value.__notes__[0]


@pytest.mark.parametrize("code", ["", "None.feathers"])
def test_an_attribute_error_inside_is_not_a_missing_name(
    distribution: Any, code: str
) -> None:
    """An integration that leads nowhere, or trips over itself, is named as broken."""
    distribution("pigeons", code, "NotifyPigeon", "pigeons:NotifyPigeon")
    with pytest.raises(ImportModuleError, match="pigeons") as caught:
        exec("from dotflow.providers import NotifyPigeon")
    assert isinstance(caught.value.__cause__, AttributeError)


@pytest.mark.parametrize(
    "code",
    [
        "NotifyPigeon = 3",
        "class NotifyPigeon: ...",
        "from dotflow.providers import TracerDefault as NotifyPigeon",
    ],
)
def test_a_provider_is_of_its_kind(distribution: Any, code: str) -> None:
    """A name that begins with its kind leads to a class of that kind."""
    distribution("pigeons", code, "NotifyPigeon", "pigeons:NotifyPigeon")
    with pytest.raises(ProviderConflict, match=r"dotflow\.abc\.notify\.Notify"):
        _ = providers.NotifyPigeon


def test_a_name_without_a_kind_may_be_of_any(distribution: Any) -> None:
    """A provider that is not named after its kind is accepted all the same."""
    code = NOTIFIER.replace("NotifyPigeon", "Pigeon")
    distribution("pigeons", code, "Pigeon", "pigeons:Pigeon")
    assert providers.Pigeon.__name__ == "Pigeon"


def test_any_group_has_the_same_loader(distribution: Any) -> None:
    """Executors and storages are found as providers are."""
    distribution("ray", "Loop = 1", "loop", "ray_module:Loop", "dotflow.tests")
    assert registry.entry_point_names("dotflow.tests") == ["loop"]
    assert registry.load_entry_point("dotflow.tests", "loop") == 1
    with pytest.raises(KeyError):
        registry.load_entry_point("dotflow.tests", "lop")
    assert registry.entry_point_names("dotflow.nobody") == []
