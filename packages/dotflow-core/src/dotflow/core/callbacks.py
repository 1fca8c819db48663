"""`basic_callback`, at the path that stored pickles name."""

from __future__ import annotations

from dotflow.base.arguments import basic_callback as basic_callback
from dotflow.base.arguments import basic_function as basic_function
