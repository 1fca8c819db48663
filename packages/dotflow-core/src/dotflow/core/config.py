"""`Config`, at the path that users know."""

from __future__ import annotations

from dotflow.config.config import Config as Config
