"""`action`, at the path that users know, and what stored pickles of one name."""

from __future__ import annotations

from dotflow.model.action import Action as Action
from dotflow.model.action import _named as _named
from dotflow.model.action import _restored as _restored
from dotflow.model.action import action as action
