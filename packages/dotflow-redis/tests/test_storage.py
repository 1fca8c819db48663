"""Addresses, secrets, processes and threads."""

from __future__ import annotations

import os
import pickle
import traceback
from functools import partial
from typing import Any

import pytest

from dotflow.errors import ProviderError, StorageError
from dotflow.model.context import Context
from dotflow.providers.storage_url import storage_from_url
from dotflow.testing.imports import imported_by
from dotflow.testing.threads import at_once
from dotflow_redis import StorageRedis

SECRET = "hush-hush"


def test_host_and_port(server: Any, prefix: str) -> None:
    """A server may be given by host and port, as dotflow's examples do."""
    storage = StorageRedis(
        host="127.0.0.1", port=server.port, password="s3cret-word", prefix=prefix
    )
    storage.post("k", Context(storage=1))
    assert StorageRedis(server.url, prefix=prefix).get("k").storage == 1


def test_address_of_the_environment(
    server: Any, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an address, `REDIS_URL` is used."""
    monkeypatch.setenv("REDIS_URL", server.url)
    StorageRedis(prefix=prefix).post("k", Context(storage=1))
    assert storage_from_url("redis").get("k").storage is None  # another prefix
    assert f":{server.port}/0" in repr(storage_from_url("redis"))


def test_from_url(server: Any) -> None:
    """The command line's `--storage redis://…` leads here."""
    storage = storage_from_url(server.url)
    assert type(storage) is StorageRedis
    assert storage.get("nothing").storage is None
    assert repr(storage_from_url("rediss://h:1/2")) == (
        "StorageRedis('h:1/2', prefix='dotflow:')"
    )


@pytest.mark.parametrize(
    "url", [f"redis://u:{SECRET}", f"http://{SECRET}@h", f"redis://h:{SECRET}/0"]
)
def test_malformed_address(url: str) -> None:
    """A malformed address is refused at once, and not repeated."""
    with pytest.raises(ProviderError) as caught:
        StorageRedis(url)
    assert "redis://host:6379/0" in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value)).replace(
        url, ""
    )


def test_bad_arguments() -> None:
    """What cannot work is refused before anything runs."""
    with pytest.raises(ProviderError, match="either"):
        StorageRedis("redis://h", host="h")
    with pytest.raises(ProviderError, match="timeout"):
        StorageRedis(timeout=0)
    with pytest.raises(ValueError, match="codec='yaml'"):
        StorageRedis(codec="yaml")
    with pytest.raises(StorageError, match="not valid Unicode"):
        StorageRedis().get("\ud800")


def test_shows_no_password() -> None:
    """Neither repr nor str shows the password, and a pickled copy is the same."""
    for storage in (
        StorageRedis(f"redis://me:{SECRET}@h:1/2"),
        StorageRedis(host="h", port=1, db=2, username="me", password=SECRET),
    ):
        copy = pickle.loads(pickle.dumps(storage))
        for one in (storage, copy):
            assert repr(one) == str(one) == "StorageRedis('h:1/2', prefix='dotflow:')"
            assert SECRET not in repr(vars(one))


def test_nothing_beyond_the_prefix(server: Any, prefix: str) -> None:
    """Prefixes with special characters keep storages apart, and spare other keys."""
    names = [f"{prefix}a*:", f"{prefix}ab:", f"{prefix}a?:", f"{prefix}[ab]:"]
    storages = [StorageRedis(server.url, prefix=name) for name in names]
    for storage in storages:
        storage.post("k", Context(storage=1))
    assert storages[0].delete_prefix("") == 1
    assert [storage.list_keys() for storage in storages] == [[], ["k"], ["k"], ["k"]]


def test_many_keys(server: Any, prefix: str) -> None:
    """Thousands of keys are listed once each, counted and cleared."""
    storage = StorageRedis(server.url, prefix=prefix)
    for number in range(2500):
        storage.post(f"wf-{number:04}", Context(storage=number, workflow_id="wf"))
    storage.post("wf-x-long", Context(storage=0, workflow_id="wf-x"))
    assert storage.list_keys() == [f"wf-{n:04}" for n in range(2500)] + ["wf-x-long"]
    assert storage.delete_prefix("wf-0") == 1000
    storage.clear("wf")
    assert storage.list_keys() == ["wf-x-long"]


def test_long_fingerprint(server: Any, prefix: str) -> None:
    """A fingerprint and ids of any length are read back."""
    storage = StorageRedis(server.url, prefix=prefix)
    storage.post("wf-k", Context(storage=1, workflow_id="wf"), fingerprint="f" * 9000)
    assert storage.get_fingerprint("wf-k") == "f" * 9000
    storage.clear("wf")
    assert storage.list_keys() == []


def test_forever(server: Any, prefix: str) -> None:
    """A ttl beyond all calendars is for ever."""
    storage = StorageRedis(server.url, prefix=prefix)
    storage.post("k", Context(storage=1), ttl=float("inf"))
    with server.client() as other:
        assert other.ttl(f"{prefix}k") == -1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork(server: Any, prefix: str) -> None:
    """A forked child has connections of its own, and its end cuts none of its parent's."""
    storage = StorageRedis(server.url, prefix=prefix)
    storage.post("k", Context(storage=1))
    child = os.fork()
    if not child:
        try:
            storage.post("child", storage.get("k"))
            storage.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert storage.get("child").storage == 1


def test_threads_share_one(server: Any, prefix: str) -> None:
    """Threads may use one object at once, and close it while others go on."""
    storage = StorageRedis(server.url, prefix=prefix)

    def use(number: int) -> None:
        for turn in range(20):
            storage.post(f"{number}", Context(storage=turn))
            assert storage.get(f"{number}").storage == turn
        storage.close()

    at_once(*[partial(use, number) for number in range(8)])


def test_import_is_light() -> None:
    """Importing the package, and naming a storage, does not import redis-py."""
    program = "import dotflow_redis; dotflow_redis.StorageRedis()"
    assert "redis" not in imported_by(program)
