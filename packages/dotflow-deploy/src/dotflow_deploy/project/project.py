"""A user's project as a deployment sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.project.dependencies import (
    Dependencies,
    read_dependencies,
    read_pyproject,
)
from dotflow_deploy.project.files import project_digest
from dotflow_deploy.project.importing import check_factory, check_import, functions
from dotflow_deploy.project.names import check_module, check_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PYTHONS: Final = ("3.12", "3.13", "3.14", "3.11")
"""The versions of Python that a project may run on, the one that is preferred first."""

_FACTORIES = ("build", "main", "workflow", "flow")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Project:
    """What is deployed.

    Attributes:
        root: The project's folder.
        name: Its name in kebab case: resources are named after it.
        module: The module of the factory: `"shop.workflow"`.
        factory: The function there that returns the workflow: `"build"`.
        dependencies: What it needs.
        env: Variables for the environment of its runs. They may be secrets, and are
            never shown.
        python: Version of Python: `"3.12"`.
    """

    root: Path
    name: str
    module: str
    factory: str
    dependencies: Dependencies
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    python: str = PYTHONS[0]

    @property
    def workflow(self) -> str:
        """What `dotflow start --workflow` takes: `"shop.workflow:build"`."""
        return f"{self.module}:{self.factory}"

    def check_import(
        self, echo: Callable[[str], None], root: Path | None = None
    ) -> None:
        """Import its module in a process of its own, with its variables.

        Args:
            echo: Takes a line where that says nothing, for lack of a dependency here.
            root: A copy of its files, to be looked at instead.

        Raises:
            InvalidProject: The import fails, or there is no such function.
        """
        check_import(root or self.root, self.module, self.factory, self.env, echo)

    def digest(self, *settings: str) -> str:
        """Return a digest of everything that goes into its artefact.

        Args:
            *settings: What else decides how the artefact turns out.
        """
        return project_digest(self.root, self.python, self.workflow, *settings)


def load_project(
    root: Path,
    *,
    name: str | None = None,
    workflow: str | None = None,
    env: Mapping[str, str] | None = None,
    python: str | None = None,
) -> Project:
    """Read a project, without importing any of its code.

    Args:
        root: Its folder.
        name: Its name. Default: that of `pyproject.toml`, else the folder's.
        workflow: Its factory, `"module:function"` or `"module.function"`. Default:
            `workflow` of `[tool.dotflow]` in `pyproject.toml`, else a function `build`
            or `main` of a module `workflow`.
        env: Variables for the environment of its runs.
        python: Version of Python. Default: the first of `PYTHONS` that
            `requires-python` of `pyproject.toml` allows.

    Raises:
        InvalidProject: It cannot be deployed as it is; the message says why.
    """
    if not root.is_dir():
        raise InvalidProject(f"{root} is not a folder")
    settings = read_pyproject(root)
    named = name or settings.get("project", {}).get("name") or root.resolve().name
    where = workflow or _written(settings, root)
    module, factory = _split(where) if where else _find(root, str(named))
    check_factory(root, module, factory)
    for variable in env or {}:
        if not _VARIABLE.fullmatch(variable):
            raise InvalidProject(
                f"{variable!r} is no name for an environment variable: --env KEY=VALUE"
            )
    return Project(
        root=root,
        name=check_name(str(named)),
        module=check_module(module),
        factory=factory,
        dependencies=read_dependencies(root),
        env=dict(env or {}),
        python=_python(settings) if python is None else _checked_python(python),
    )


def named_project(root: Path, name: str) -> Project:
    """Return a project of which no more is known than its name.

    It is enough to find what was deployed of it.

    Args:
        root: A folder.
        name: Its name.

    Raises:
        InvalidProject: It is no name that every platform accepts.
    """
    nothing = Dependencies(False, False, frozenset())
    return Project(root, check_name(name), "workflow", "build", nothing)


def _written(settings: Mapping[str, Any], root: Path) -> str | None:
    """Return what `pyproject.toml` says of the workflow."""
    table = settings.get("tool", {}).get("dotflow", {})
    found = table.get("workflow") if isinstance(table, dict) else table
    if found is not None and not isinstance(found, str):
        raise InvalidProject(
            f"{root / 'pyproject.toml'}: {found!r} names no workflow. Write it as"
            ' [tool.dotflow] workflow = "shop.workflow:build"'
        )
    return found


def _split(where: str) -> tuple[str, str]:
    module, _, factory = where.replace(":", ".").rpartition(".")
    if not module or not factory.isidentifier():
        raise InvalidProject(
            f"{where!r} names no function that returns a workflow. Write it as for"
            " `dotflow start`: --workflow shop.workflow:build"
        )
    return module, factory


def _find(root: Path, name: str) -> tuple[str, str]:
    """Find the module `workflow` and its factory by reading, not by importing."""
    package = re.sub(r"[-.\s]+", "_", name).lower()
    candidates = [
        ("workflow", root / "workflow.py"),
        (f"{package}.workflow", root / package / "workflow.py"),
        (f"{package}.workflow", root / "src" / package / "workflow.py"),
    ]
    for module, path in candidates:
        if path.is_file():
            names = functions(path)
            for factory in _FACTORIES:
                if factory in names:
                    return module, factory
    raise InvalidProject(
        f"{root} does not say which function returns its workflow. Name it with"
        " --workflow shop.workflow:build, or in pyproject.toml:"
        ' [tool.dotflow] workflow = "shop.workflow:build"'
    )


def _python(settings: dict[str, Any]) -> str:
    """Return the version of Python that suits a project, from its `pyproject.toml`."""
    wanted = settings.get("project", {}).get("requires-python", "")
    try:
        allowed = SpecifierSet(wanted)
    except InvalidSpecifier as error:
        raise InvalidProject(
            f"requires-python of pyproject.toml is no range of versions: {wanted!r}"
        ) from error
    for version in PYTHONS:
        # As a release with every fix: `>=3.12.4` allows 3.12.
        if allowed.contains(f"{version}.99"):
            return version
    raise InvalidProject(
        f"requires-python of pyproject.toml is {wanted!r}: dotflow runs on 3.11 to 3.14"
    )


def _checked_python(version: str) -> str:
    if not re.fullmatch(r"3\.1[1-4]", version):
        raise InvalidProject(f"Python {version!r}: dotflow runs on 3.11 to 3.14")
    return version
