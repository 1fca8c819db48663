"""The fingerprint, at the path that users know."""

from __future__ import annotations

from dotflow.model.fingerprint import input_fingerprint as input_fingerprint
from dotflow.model.fingerprint import value_fingerprint as value_fingerprint
from dotflow.workflow.input_record import FP_KEY_SUFFIX as FP_KEY_SUFFIX
from dotflow.workflow.input_record import fingerprint_of as fingerprint_of
from dotflow.workflow.input_record import fp_key as fp_key
from dotflow.workflow.input_record import read_fingerprint as read_fingerprint
from dotflow.workflow.input_record import write_fingerprint as write_fingerprint
