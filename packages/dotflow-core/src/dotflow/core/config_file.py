"""What `dotflow login` saved, at the path that users know."""

from __future__ import annotations

from dotflow.base.cloud_file import clear_cloud_config as clear_cloud_config
from dotflow.base.cloud_file import config_path as config_path
from dotflow.base.cloud_file import load_cloud_config as load_cloud_config
from dotflow.base.cloud_file import resolve as resolve
from dotflow.base.cloud_file import save_cloud_config as save_cloud_config
