"""The command line of 1.x: what is in here needs `dotflow-cli`."""

from __future__ import annotations

from dotflow.base.forward import import_sibling

import_sibling("dotflow_cli", "dotflow-cli")
