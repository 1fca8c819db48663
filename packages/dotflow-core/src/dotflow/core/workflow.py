"""`Manager` and the modes by class, at the path that users know."""

from __future__ import annotations

from dotflow.workflow.flows import Background as Background
from dotflow.workflow.flows import Flow as Flow
from dotflow.workflow.flows import Parallel as Parallel
from dotflow.workflow.flows import Sequential as Sequential
from dotflow.workflow.flows import SequentialGroup as SequentialGroup
from dotflow.workflow.flows import grouper as grouper
from dotflow.workflow.manager import Manager as Manager
