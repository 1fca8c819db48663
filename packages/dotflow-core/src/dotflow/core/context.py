"""`Context`, at the path that users know."""

from __future__ import annotations

from dotflow.model.context import Context as Context
from dotflow.model.context import ContextInstance as ContextInstance
