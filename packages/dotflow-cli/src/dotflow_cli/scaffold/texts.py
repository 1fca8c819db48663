"""The files of a new project; `<name>` and the like are filled in."""

from __future__ import annotations

from typing import Final

from dotflow_cli.left_out import docker_lines, git_lines
from dotflow_cli.scaffold.pins import ANY_LOCK, LOCKS, PINS, pin_command

_STEPS = '''"""What the workflow does, step by step."""

from dotflow import action


@action
def extract():
    """Return what there is to work on."""
    return [3, 1, 2]


@action<retry>
def transform(previous_context):
    """Work on what the step before returned."""
    return sorted(previous_context.storage)


@action
def load(previous_context):
    """Bring the result where it belongs."""
    total = sum(previous_context.storage)
    print(f"<name>: the total is {total}")
    return total
'''

_WORKFLOW = '''"""The workflow: which step follows which."""

from dotflow import Config, DotFlow
from dotflow.providers import <storage_class>

from <module>.steps import extract, load, transform


def build() -> DotFlow:
    """Return the workflow, not started: `dotflow start` does that."""
    workflow = DotFlow(config=Config(storage=<storage>), workflow_id="<name>")
    workflow.task.add(step=extract)
    workflow.task.add(step=transform, depends_on=extract)
    workflow.task.add(step=load, depends_on=transform)
    return workflow


if __name__ == "__main__":
    build().start()
'''

_TEST = '''"""The workflow as a whole, in memory."""

from dotflow.providers import StorageDefault

from <module>.workflow import build


def test_total():
    """The total is that of what was extracted."""
    workflow = build().configure(storage=StorageDefault())
    workflow.start()
    assert [task.status for task in workflow.result_task()] == ["Completed"] * 3
    assert workflow.result_storage()[-1] == 6
'''

_PYPROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "<name>"
version = "0.1.0"
description = "A workflow"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["dotflow<extra>>=<version>"]

[dependency-groups]
dev = ["pytest"]

[tool.dotflow]
workflow = "<module>.workflow:build"

[tool.hatch.build.targets.wheel]
packages = ["<module>"]

[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]
"""

_README = """# <name>

Run it:

```console
dotflow start --workflow <module>.workflow:build<mode>
```

See its graph, and what ran:

```console
dotflow graph --workflow <module>.workflow:build
dotflow runs
```

Test it:

```console
python -m pip install pytest
python -m pytest
```

The steps are in `<module>/steps.py`, their order is in `<module>/workflow.py`.
"""

SCHEDULE: Final = """
Run it again and again:

```console
dotflow schedule --workflow <module>.workflow:build --cron "<cron>"
```
"""

_GITIGNORE = "\n".join(git_lines()) + "\n"

FILES: Final = {
    ".gitignore": _GITIGNORE,
    "README.md": _README,
    "pyproject.toml": _PYPROJECT,
    "<module>/__init__.py": '"""<name>."""\n',
    "<module>/steps.py": _STEPS,
    "<module>/workflow.py": _WORKFLOW,
    "tests/test_workflow.py": _TEST,
}
"""The paths and the contents that every project has."""

# As `dotflow cloud generate --platform docker` of dotflow-deploy writes it, but that a
# schedule is of the image, there of compose.yaml.
_DOCKERFILE = (
    r"""FROM python:3.12.12-slim-trixie

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    DOTFLOW_OUTPUT_PATH=/var/lib/dotflow

# Not as root: a step needs no more rights than its files. A volume for results takes
# its owner from this folder: docker run --volume results:/var/lib/dotflow …
RUN useradd --system --uid 10001 --create-home worker \
    && install --directory --owner worker /var/lib/dotflow

WORKDIR /app

# What the project needs, before its code: installed anew only when it changes.
COPY pyproject.toml <locks> ./
RUN <pin>
RUN python -c "import tomllib; \
    project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
    print(*project.get('dependencies', []), sep='\n')" > /tmp/requirements.txt \
    && pip install -r /tmp/requirements.txt --constraint <pins>

COPY . .
RUN pip install --no-deps .

USER 10001

CMD [<command>]
""".replace("<locks>", ANY_LOCK)
    .replace("<pins>", PINS)
    .replace("<pin>", pin_command(*LOCKS))
)

_DOCKERIGNORE = "\n".join(
    ["# What the image does not need, and what must not be in it.", *docker_lines(), ""]
)

DOCKER: Final = {"Dockerfile": _DOCKERFILE, ".dockerignore": _DOCKERIGNORE}
"""What a project has besides, to be built as a container."""
