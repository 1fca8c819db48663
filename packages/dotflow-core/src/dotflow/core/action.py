"""`action`, at the path that users know."""

from __future__ import annotations

from dotflow.model.action import Action as Action
from dotflow.model.action import action as action
