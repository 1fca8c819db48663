"""`time`, at the path that users know."""

from __future__ import annotations

# The module of that name comes first, so that the function is what stays.
from dotflow.core.decorators.time import time as time
