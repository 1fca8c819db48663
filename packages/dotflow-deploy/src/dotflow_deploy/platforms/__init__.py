"""The platforms that files can be generated for."""

from dotflow_deploy.platforms.catalogue import find_platform, platforms
from dotflow_deploy.platforms.platform import (
    Family,
    File,
    Platform,
    Request,
    Scheduling,
)

__all__ = [
    "Family",
    "File",
    "Platform",
    "Request",
    "Scheduling",
    "find_platform",
    "platforms",
]
