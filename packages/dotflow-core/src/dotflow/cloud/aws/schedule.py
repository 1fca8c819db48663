"""`AWSSchedule`, at the path that users know."""

from __future__ import annotations

from dotflow_deploy.former import AWSSchedule as AWSSchedule
