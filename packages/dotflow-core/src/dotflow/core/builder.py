"""`TaskBuilder`, at the path that users know."""

from __future__ import annotations

from dotflow.workflow.builder import TaskBuilder as TaskBuilder
