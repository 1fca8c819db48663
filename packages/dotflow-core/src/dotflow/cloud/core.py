"""What 1.x had here, at the path that users know."""

from __future__ import annotations

from dotflow_deploy.former import Deployer as Deployer
from dotflow_deploy.former import EventScheduler as EventScheduler
from dotflow_deploy.former import LogManager as LogManager
from dotflow_deploy.former import ObjectStorage as ObjectStorage
from dotflow_deploy.former import Queue as Queue
from dotflow_deploy.former import Registry as Registry
from dotflow_deploy.former import RoleManager as RoleManager
