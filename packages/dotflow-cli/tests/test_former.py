"""The command classes of dotflow 1.x."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from dotflow.base.arguments import basic_callback
from dotflow.cli.command import Command
from dotflow.cli.commands import LogCommand, StartCommand
from dotflow.cli.commands.storage import StorageResolver
from dotflow.cli.setup import Command as Setup
from dotflow.providers import StorageFile

STEPS = """
from dotflow import action

@action
def good(initial_context):
    with open("ran.txt", "a") as file:
        file.write(str(initial_context.storage))

@action
def bad():
    raise ValueError("no")
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "steps_of_1x.py").write_text(STEPS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def params(**given):
    """Return what the parser of 1.x made of `dotflow start`."""
    unsaid = {
        "workflow": None,
        "callback": basic_callback,
        "initial_context": None,
        "storage": None,
        "path": Path(".output"),
        "mode": "sequential",
        "resume": False,
        "exec": StartCommand,
    }
    return Namespace(**{**unsaid, **given})


def test_a_command_of_1x_runs_the_command_of_today(tmp_path):
    """`StartCommand(params=…)` runs the step with the options, as soon as it is made."""
    StartCommand(params=params(step="steps_of_1x.good", initial_context="7"))
    assert (tmp_path / "ran.txt").read_text() == "7"
    assert not (tmp_path / ".output").exists()


def test_a_command_of_1x_that_fails_ends_with_its_code():
    """A failed task raises SystemExit(1), wrong usage SystemExit(2)."""
    with pytest.raises(SystemExit, match="1"):
        StartCommand(params=params(step="steps_of_1x.bad"))
    with pytest.raises(SystemExit, match="2"):
        StartCommand(params=params(step=None))


def test_a_command_without_options_needs_none(capsys):
    """`LogCommand()` runs `dotflow logs`, which tells that there is no history yet."""
    with pytest.raises(SystemExit):
        LogCommand()
    assert "no history" in capsys.readouterr().err


def test_a_command_of_the_users_own_is_set_up_with_its_options():
    """A subclass of `Command` gets `params` and runs its `setup`."""

    class Mine(Command):
        def setup(self):
            self.seen = self.params.step

    assert Mine(params=Namespace(step="a")).seen == "a"


def test_the_whole_command_takes_a_parser(monkeypatch, capsys):
    """`Command(parser=…)` runs the arguments of the process."""
    monkeypatch.setattr("sys.argv", ["dotflow", "--version"])
    with pytest.raises(SystemExit, match="0"):
        Setup(parser=ArgumentParser())
    assert capsys.readouterr().out.startswith("dotflow==")


def test_the_storage_of_the_options_is_resolved():
    """`StorageResolver(params).resolve()` makes the storage, None without one."""
    found = StorageResolver(params(storage="file", path=Path("kept"))).resolve()
    assert isinstance(found, StorageFile)
    assert StorageResolver(params()).resolve() is None
