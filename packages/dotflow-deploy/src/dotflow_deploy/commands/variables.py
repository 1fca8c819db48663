"""Variables for the environment of runs, as a user gives them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from dotflow_deploy.errors import InvalidProject


def read_variables(given: Iterable[str]) -> dict[str, str]:
    """Return variables by name.

    Args:
        given: `"KEY=VALUE"`, or `"KEY"` for the value that it has in this shell: so a
            secret stays out of the shell's history.

    Raises:
        InvalidProject: A variable without a value is not set here. The message holds
            no value.
    """
    variables = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator:
            if name not in os.environ:
                raise InvalidProject(
                    f"--env {name} takes the value of this shell, where {name} is not"
                    " set: export it, or write --env KEY=VALUE"
                )
            value = os.environ[name]
        variables[name] = value
    return variables
