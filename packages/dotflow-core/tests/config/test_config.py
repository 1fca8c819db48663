"""`Config`: the right kinds, lazily made defaults, clear errors."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from dotflow import providers
from dotflow.config.config import Config
from dotflow.errors import NotCallableObject
from dotflow.testing import fakes
from dotflow.testing.threads import at_once

DEFAULTS = {
    "storage": "StorageDefault",
    "notify": "NotifyDefault",
    "log": "LogDefault",
    "server": "ServerDefault",
    "scheduler": "SchedulerDefault",
    "tracer": "TracerDefault",
    "metrics": "MetricsDefault",
}


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items())
def test_what_is_left_out_is_the_default(name: str, default: str) -> None:
    """Each provider left out is the default of its kind, and stays the same object."""
    config = Config()
    assert type(getattr(config, name)) is getattr(providers, default)
    assert getattr(config, name) is getattr(config, name)
    assert getattr(Config(), name) is not getattr(config, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("storage", providers.StorageDefault()),
        ("notify", fakes.RecordingNotify()),
        ("log", fakes.RecordingLog()),
        ("server", fakes.RecordingServer()),
        ("scheduler", providers.SchedulerDefault()),
        ("tracer", fakes.RecordingTracer()),
        ("metrics", fakes.RecordingMetrics()),
    ],
)
def test_what_is_given_is_used(name: str, value: Any) -> None:
    """A provider is used as it was given, in the constructor or later."""
    assert getattr(Config(**{name: value}), name) is value
    config = Config()
    setattr(config, name, value)
    assert getattr(config, name) is value
    setattr(config, name, None)
    assert type(getattr(config, name)) is getattr(providers, DEFAULTS[name])


@pytest.mark.parametrize("name", DEFAULTS)
@pytest.mark.parametrize("value", ["file", 0, object(), dict])
def test_anything_else_is_refused(name: str, value: Any) -> None:
    """What is not of the kind is refused at once, by name and with the kind."""
    expected = rf"'{name}'.*dotflow\.abc\.{name}\.{name.capitalize()}"
    with pytest.raises(NotCallableObject, match=expected):
        Config(**{name: value})
    config = Config()
    with pytest.raises(NotCallableObject, match=expected):
        setattr(config, name, value)


def test_one_kind_is_not_another() -> None:
    """A provider in the wrong place is refused, though it is a provider."""
    with pytest.raises(NotCallableObject, match="not a RecordingLog"):
        Config(notify=fakes.RecordingLog())  # type: ignore[arg-type]


def test_a_class_is_to_be_called() -> None:
    """A class instead of an instance is told what is missing."""
    with pytest.raises(NotCallableObject, match=r"call it, storage=StorageDefault\("):
        Config(storage=providers.StorageDefault)  # type: ignore[arg-type]


def test_threads_see_one_default() -> None:
    """However many threads read it first, there is one storage in memory."""
    for _ in range(50):
        config = Config()
        seen: list[Any] = []

        def read(config: Config = config, seen: list[Any] = seen) -> None:
            seen.append(config.storage)

        at_once(*[read] * 4)
        assert len({id(storage) for storage in seen}) == 1


def test_repr_names_kinds_alone() -> None:
    """The repr shows which providers were chosen and nothing they hold."""
    config = Config(server=providers.ServerDefault("https://e.org", "secret"))
    assert repr(config) == "Config(server=ServerDefault)"
    assert repr(Config()) == "Config()"


def test_travels_to_another_process() -> None:
    """A config with its providers can be pickled."""
    config = Config(log=providers.LogDefault(level="ERROR"))
    copy = pickle.loads(pickle.dumps(config))
    assert repr(copy.log) == repr(config.log)


def test_an_empty_config_loads_nothing(run_program: Any) -> None:
    """`Config()` makes no default, and all defaults together load nothing heavy."""
    ran = run_program(
        """
        import sys
        from dotflow.core.config import Config
        config = Config()
        print([name for name in sys.modules if name.startswith("dotflow.providers.")])
        for name in ("notify", "log", "server", "scheduler", "tracer", "metrics"):
            getattr(config, name)
        heavy = {
            "asyncio", "multiprocessing", "sqlite3", "urllib", "subprocess", "logging",
            "json", "queue", "dataclasses", "threading", "http", "ssl",
        }
        print(sorted(heavy & set(sys.modules)))
        """
    )
    assert ran.stdout == "[]\n[]\n", ran.stderr
