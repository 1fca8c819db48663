"""`AliyunFCDeployer` and `AliyunFCScheduledDeployer`, at the path that users know."""

from __future__ import annotations

from dotflow_deploy.former import AliyunFCDeployer as AliyunFCDeployer
from dotflow_deploy.former import AliyunFCScheduledDeployer as AliyunFCScheduledDeployer
