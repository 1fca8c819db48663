"""Import paths of dotflow 1.x, as a script of then has them."""

from typing import assert_type

from dotflow.abc.flow import Flow
from dotflow.cli.commands.start import StartCommand
from dotflow.cli.setup import Command
from dotflow.cloud.aws import LambdaDeployer
from dotflow.cloud.core import Deployer
from dotflow.core.context import Context as Context
from dotflow.core.decorators.time import time
from dotflow.core.fingerprint import fp_key
from dotflow.core.task import Task, TaskError
from dotflow.core.types.status import TypeStatus
from dotflow.testing.storage_contract import StorageContract
from dotflow.utils.tools import read_file

assert_type(fp_key("nightly"), str)
status: str = TypeStatus.COMPLETED


class Mine(Deployer):
    def deploy(self, name: str, **kwargs: object) -> None:
        LambdaDeployer(region="eu-west-1").deploy(name)


Classes = (
    Command,
    Flow,
    StartCommand,
    StorageContract,
    Task,
    TaskError,
    read_file,
    time,
)
