"""`TypeInputChange`, at the path that users know."""

from __future__ import annotations

from dotflow.types import VALID_POLICIES as VALID_POLICIES
from dotflow.types import TypeInputChange as TypeInputChange
