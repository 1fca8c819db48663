"""The fingerprint, at the path that users know."""

from __future__ import annotations

from dotflow.model.fingerprint import input_fingerprint as input_fingerprint
from dotflow.model.fingerprint import value_fingerprint as value_fingerprint
