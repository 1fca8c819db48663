"""What type checkers see of a `Config`: one provider is read, several may be given."""

from __future__ import annotations

from typing import assert_type

from dotflow import Config
from dotflow.abc.log import Log
from dotflow.abc.storage import Storage
from dotflow.providers import LogDefault, StorageDefault
from dotflow.testing import RecordingLog, RecordingNotify

config = Config(log=[LogDefault(), RecordingLog()], notify=RecordingNotify())
assert_type(config.log, Log)
assert_type(config.storage, Storage)
config.log = [LogDefault()]
config.log = LogDefault()
config.log = None
config.storage = StorageDefault()
config.storage = None
config.storage = [StorageDefault()]  # type: ignore[assignment]
config.log = RecordingNotify()  # type: ignore[assignment]

assert_type(Config.from_env(), Config)
assert_type(Config.from_file("dotflow.toml"), Config)
