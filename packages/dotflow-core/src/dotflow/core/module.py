"""`Module`, at the path that users know."""

from __future__ import annotations

from dotflow.base.arguments import Module as Module
from dotflow.base.arguments import import_path as import_path
