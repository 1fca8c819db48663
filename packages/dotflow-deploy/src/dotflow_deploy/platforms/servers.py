"""Images that answer HTTP requests, each with a run of the workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.platforms.platform import File
from dotflow_deploy.platforms.shared import DOCKERIGNORE

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values


def server_files(platform: str) -> tuple[File, ...]:
    """Return what an image needs whose gunicorn serves a `server.py`.

    Args:
        platform: The platform's name.
    """
    folder = f"deploy/{platform}"
    return (
        # Not the project's own Dockerfile: that one's image runs the workflow once.
        File(f"{folder}/Dockerfile", "shared/Dockerfile"),
        DOCKERIGNORE,
        File(f"{folder}/server.py", f"{platform}/server.py"),
    )


def server_values(
    request: Request, *, port: int = 8080, keep_alive: int = 75
) -> Values:
    """Return the values that make the image of `shared/Dockerfile` a server.

    Args:
        request: What files are wanted for.
        port: The port, unless the variable `PORT` names another.
        keep_alive: Seconds that an idle connection is kept. Longer than whoever is in
            front of it does: a request must not meet a connection as it is closed.

    Raises:
        InvalidProject: The project has a module `server` of its own, which would not be
            found beside ours.
    """
    check_free(request, "server")
    return {"server": True, "port": port, "keep_alive": keep_alive}


def check_python(request: Request, newest: tuple[int, int], where: str) -> str:
    """Return the project's version of Python, if the platform runs it.

    Args:
        request: What files are wanted for.
        newest: The newest that the platform runs.
        where: What the platform is called.

    Raises:
        InvalidProject: It is a newer one.
    """
    python = request.project.python
    if tuple(map(int, python.split("."))) > newest:
        raise InvalidProject(
            f"{where} has no Python {python} yet: --python {newest[0]}.{newest[1]}"
        )
    return python


def check_free(request: Request, module: str) -> None:
    """Check that the project has no module of a name that the platform's file takes.

    Args:
        request: What files are wanted for.
        module: The module's name.

    Raises:
        InvalidProject: It has one.
    """
    root = request.project.root
    for folder in (root, root / "src"):
        for path in (folder / f"{module}.py", folder / module / "__init__.py"):
            if path.is_file():
                raise InvalidProject(
                    f"{path} has the name of a file that the platform needs: call it"
                    " something else"
                )
