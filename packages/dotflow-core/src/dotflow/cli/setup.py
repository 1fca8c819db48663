"""`Command`, and the commands, at the path that users know."""

from __future__ import annotations

from dotflow_cli.former import CloudGenerateCommand as CloudGenerateCommand
from dotflow_cli.former import CloudListCommand as CloudListCommand
from dotflow_cli.former import DeployCommand as DeployCommand
from dotflow_cli.former import InitCommand as InitCommand
from dotflow_cli.former import LogCommand as LogCommand
from dotflow_cli.former import LoginCommand as LoginCommand
from dotflow_cli.former import LogoutCommand as LogoutCommand
from dotflow_cli.former import ScheduleCommand as ScheduleCommand
from dotflow_cli.former import Setup
from dotflow_cli.former import StartCommand as StartCommand

Command = Setup
