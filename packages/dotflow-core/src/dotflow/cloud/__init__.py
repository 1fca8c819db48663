"""The deployers of 1.x: what is in here needs `dotflow-deploy`."""

from __future__ import annotations

from dotflow.base.forward import import_sibling

import_sibling("dotflow_deploy", "dotflow-deploy")
