"""`Manager` and the modes by class, at the path that users know."""

from __future__ import annotations

from dotflow.workflow.manager import Background as Background
from dotflow.workflow.manager import Flow as Flow
from dotflow.workflow.manager import Manager as Manager
from dotflow.workflow.manager import Parallel as Parallel
from dotflow.workflow.manager import Sequential as Sequential
from dotflow.workflow.manager import SequentialGroup as SequentialGroup
from dotflow.workflow.manager import grouper as grouper
