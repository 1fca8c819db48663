"""Where `Retention` was before each storage had a history, as pickles name it."""

from __future__ import annotations

from dotflow.abc.retention import DAY as DAY
from dotflow.abc.retention import Retention as Retention
