"""`ECSScheduledDeployer`, at the path that users know."""

from __future__ import annotations

from dotflow_deploy.former import ECSScheduledDeployer as ECSScheduledDeployer
