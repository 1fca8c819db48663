"""Three helpers, at the path that users know."""

from __future__ import annotations

from dotflow.base.files import read_file as read_file
from dotflow.base.files import write_file as write_file
from dotflow.base.liveness import hostname as hostname
