"""`time`, at the path that users know."""

from __future__ import annotations

from dotflow.base.decorators import time as time
