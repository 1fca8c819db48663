"""The errors, at the path that users know."""

from __future__ import annotations

from dotflow.errors import *  # noqa: F403
from dotflow.errors import _revive as _revive  # which stored errors name
