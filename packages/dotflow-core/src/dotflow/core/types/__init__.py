"""The words, at the path that users know."""

from __future__ import annotations

from dotflow.types import *  # noqa: F403 - a door has all that is behind it
