"""The errors, at the path that users know."""

from __future__ import annotations

from dotflow.errors import *  # noqa: F403 - a door has all that is behind it
from dotflow.errors import _revive as _revive  # which stored errors name
from dotflow.model.task_error import TaskError as TaskError
