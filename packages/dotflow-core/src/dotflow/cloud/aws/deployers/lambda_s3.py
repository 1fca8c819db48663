"""`LambdaS3Deployer`, at the path that users know."""

from __future__ import annotations

from dotflow_deploy.former import LambdaS3Deployer as LambdaS3Deployer
