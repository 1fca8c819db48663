"""The commands that `dotflow` finds here: `cloud`, `deploy`, `destroy` and `status`."""

from dotflow_deploy.commands.cloud import command as cloud
from dotflow_deploy.commands.deploy import command as deploy
from dotflow_deploy.commands.destroy import command as destroy
from dotflow_deploy.commands.status import command as status

__all__ = ["cloud", "deploy", "destroy", "status"]
