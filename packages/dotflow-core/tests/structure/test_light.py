"""What importing dotflow, and making a workflow, loads: counted, not timed."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("code", "most"),
    [
        ("import dotflow", 3),
        ("from dotflow import DotFlow, action", 19),
        ("from dotflow import DotFlow, action; DotFlow()", 25),
    ],
)
def test_few_modules_and_none_of_the_library(
    run_program: Any, code: str, most: int
) -> None:
    """A workflow that is only made loads few modules, and next to none of Python's."""
    ran = run_program(
        f"""
        import sys
        # What Python itself may have loaded, by how it was installed.
        import abc, collections.abc, contextlib, functools, importlib, os, types
        before = set(sys.modules)
        {code}
        loaded = set(sys.modules) - before
        own = {{name for name in loaded if name.partition(".")[0] == "dotflow"}}
        print(len(own) <= {most}, sorted(loaded - own - {{"__future__"}}))
        """
    )
    assert ran.stdout == "True []\n", ran.stderr


def test_a_first_run_does_without_typing(run_program: Any) -> None:
    """Nothing that every run needs loads `typing`, `dataclasses`, `inspect` or more."""
    ran = run_program(
        """
        import sys
        from dotflow import DotFlow, action
        workflow = DotFlow()
        workflow.task.add(action(lambda: None), name="nothing")
        workflow.start()
        heavy = {
            "asyncio", "dataclasses", "inspect", "multiprocessing", "pathlib", "pickle",
            "signal", "socket", "sqlite3", "subprocess", "typing", "urllib",
        }
        print(sorted(heavy & set(sys.modules)))
        """
    )
    assert ran.stdout == "[]\n", ran.stderr


def test_a_first_run_loads_only_what_a_plain_chain_needs(run_program: Any) -> None:
    """What maps, checks of parameters, limits, providers and resumes need comes later."""
    ran = run_program(
        """
        import sys
        from dotflow import DotFlow, action
        workflow = DotFlow()
        workflow.task.add(action(lambda: None), name="nothing")
        before = set(sys.modules)
        workflow.start()
        own = [name for name in set(sys.modules) - before if name.startswith("dotflow.")]
        print(len(own))
        """
    )
    assert int(ran.stdout) <= 37, ran.stderr
