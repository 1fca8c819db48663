"""What 1.x had here, at the path that users know."""

from __future__ import annotations

from dotflow_deploy.former import ECSDeployer as ECSDeployer
from dotflow_deploy.former import ECSScheduledDeployer as ECSScheduledDeployer
from dotflow_deploy.former import LambdaApiDeployer as LambdaApiDeployer
from dotflow_deploy.former import LambdaDeployer as LambdaDeployer
from dotflow_deploy.former import LambdaS3Deployer as LambdaS3Deployer
from dotflow_deploy.former import LambdaSQSDeployer as LambdaSQSDeployer
