"""`Config`: seven providers, each checked and each with a default."""

from __future__ import annotations

import pytest

from dotflow import Config, DotFlow
from dotflow.abc.notify import Notify
from dotflow.errors import NotCallableObject
from dotflow.providers import StorageDefault

FAMILIES = ("storage", "notify", "log", "server", "scheduler", "tracer", "metrics")


def test_positional_arguments_of_1x():
    """The order of the arguments is that of 1.x."""
    default = Config()
    given = [getattr(default, family) for family in FAMILIES]
    config = Config(*given)
    assert [getattr(config, family) for family in FAMILIES] == given


def test_assignment_is_checked_too():
    """Assigning a wrong provider later is refused, and the old one stays."""
    config = Config()
    storage = config.storage
    with pytest.raises(NotCallableObject):
        config.storage = "text"
    assert config.storage is storage


def test_assigning_none_restores_the_default():
    """None stands for the default again."""
    storage = StorageDefault()
    config = Config(storage=storage)
    config.storage = None
    assert isinstance(config.storage, StorageDefault)
    assert config.storage is not storage


def test_a_provider_needs_its_methods():
    """A subclass that lacks a required method cannot be made, as ABCs have it."""

    class Half(Notify):
        pass

    with pytest.raises(TypeError, match="hook_status_task"):
        Half()


def test_two_configs_share_nothing():
    """The storages in memory of two configs are two."""
    assert Config().storage is not Config().storage


def test_a_workflow_refuses_what_is_no_config():
    """`DotFlow(config=…)` takes a `Config` only, and says so."""
    with pytest.raises(NotCallableObject, match=r"DotFlow\(config=Config\(\)\)"):
        DotFlow(config=StorageDefault())
