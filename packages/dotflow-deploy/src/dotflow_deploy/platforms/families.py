"""What the platforms of one cloud have in common, unless one of them says otherwise."""

from __future__ import annotations

from functools import partial
from typing import Final

from dotflow_deploy.platforms.platform import Family, Platform
from dotflow_deploy.schedule import cloud_scheduler, eventbridge

aws: Final = partial(
    Platform, family=Family.AWS, region="us-east-1", dialect=eventbridge
)
google: Final = partial(
    Platform, family=Family.GOOGLE, region="us-central1", dialect=cloud_scheduler
)
azure: Final = partial(Platform, family=Family.AZURE, region="westeurope")
