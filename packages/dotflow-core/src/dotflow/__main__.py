"""`python -m dotflow`: the `dotflow` command, which `dotflow-cli` brings."""

from __future__ import annotations

import sys

from dotflow.base.forward import import_sibling
from dotflow.errors import ModuleNotFound


def main() -> None:
    """Run the command with the arguments of the process, or say what brings it."""
    try:
        command = import_sibling("dotflow_cli.main", "dotflow-cli")
    except ModuleNotFound as error:
        sys.exit(str(error))
    command.main()


if __name__ == "__main__":  # not in the worker processes of a run
    main()
