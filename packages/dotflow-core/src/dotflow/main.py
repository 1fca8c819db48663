"""The `dotflow` command at the path that dotflow 1.x had it."""

from __future__ import annotations


def main() -> None:
    """Run the command with the arguments of the process.

    Raises:
        ModuleNotFound: `dotflow-cli` is not installed.
    """
    from dotflow.base.forward import import_sibling

    import_sibling("dotflow_cli.main", "dotflow-cli").main()


if __name__ == "__main__":
    main()
