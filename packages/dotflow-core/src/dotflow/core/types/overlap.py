"""`TypeOverlap`, at the path that users know."""

from __future__ import annotations

from dotflow.types import TypeOverlap as TypeOverlap
