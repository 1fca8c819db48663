"""Scripts as users of 1.x wrote them after its guide: they run and print the same."""

from __future__ import annotations

from pathlib import Path

import pytest

# Beside each script lies a text of what it prints.
SCRIPTS = sorted((Path(__file__).parent / "readme_scripts").glob("*.py"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_print_what_they_printed(run_script, path):
    """A script of the guide runs unchanged and prints what it did with 1.x."""
    result = run_script(path.read_text("utf-8"))
    assert result.returncode == 0, result.stderr
    printed = result.stdout.splitlines()
    expected = path.with_suffix(".txt").read_text("utf-8").splitlines()
    if path.stem.startswith("groups"):  # which end in any order
        printed, expected = sorted(printed), sorted(expected)
    assert printed == expected


def test_steps_by_dotted_path(run_script, tmp_path):
    """Steps and callbacks by dotted path are found beside the script."""
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "__init__.py").write_text("", "utf-8")
    (package / "tasks.py").write_text(
        "from dotflow import action\n"
        "@action\n"
        "def process_data():\n"
        "    return 'processed'\n"
        "@action\n"
        "def save_results(previous_context):\n"
        "    return f'saved {previous_context.storage}'\n",
        "utf-8",
    )
    (package / "callbacks.py").write_text(
        "def notify(task):\n    print('notified of', task.status)\n", "utf-8"
    )
    result = run_script(
        """
        from dotflow import DotFlow

        workflow = DotFlow()
        workflow.task.add(step="my_package.tasks.process_data")
        workflow.task.add(
            step="my_package.tasks.save_results", callback="my_package.callbacks.notify"
        )
        workflow.start()
        print(workflow.result_storage())
        """
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "notified of Completed",
        "['processed', 'saved processed']",
    ]
