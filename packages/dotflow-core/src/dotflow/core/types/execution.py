"""`TypeExecution`, at the path that users know."""

from __future__ import annotations

from dotflow.types import TypeExecution as TypeExecution
