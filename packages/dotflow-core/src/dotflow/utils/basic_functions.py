"""Two helpers, at the path that users know."""

from __future__ import annotations

from dotflow.base.arguments import basic_callback as basic_callback
from dotflow.base.arguments import basic_function as basic_function
