"""A server that is down, refuses, or comes back."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import DecodeError, StorageError
from dotflow.model.context import Context
from dotflow.testing import StorageFaultContract, StorageRestartContract
from dotflow.testing.fakes import RecordingLog
from dotflow.testing.fault_contract import within
from dotflow.testing.faults import faulty_endpoint
from dotflow_redis import StorageRedis, client
from dotflow_redis.names import tagged, untagged

VALUE = Context(storage=[1, 2], task_id="01JTASK")
SECRET = "hush-hush"


class TestFaults(StorageFaultContract):
    """The shared promise of storages whose server fails."""

    secrets = (SECRET,)

    def make_storage_at(self, url: Any) -> StorageRedis:
        return StorageRedis(f"redis://:{SECRET}@{url.host}:{url.port}", timeout=0.5)


class TestRestart(StorageRestartContract):
    """The shared promise of storages whose server comes back."""

    @pytest.fixture(autouse=True)
    def _server(self, server: Any, prefix: str) -> None:
        self.server, self.prefix = server, prefix

    def make_storage(self, timeout: float = 30.0) -> StorageRedis:
        return StorageRedis(self.server.url, prefix=self.prefix, timeout=timeout)


def test_lost_swap_is_not_repeated(server: Any, prefix: str) -> None:
    """A swap whose answer is lost is an error, since nobody knows its outcome."""
    storage = StorageRedis(server.url, prefix=prefix, timeout=60)
    storage.post("k", VALUE)
    with server.client() as other:
        name = f"{prefix}k"

        def cut() -> None:
            # The connection that waits at the gate is the storage's.
            while True:
                for client in other.client_list():
                    if client["cmd"] == "eval" and "b" in client["flags"]:
                        other.client_kill(client["addr"])
                        return

        # Scripts wait while the server is paused, and reading does not.
        other.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
        cutter = threading.Thread(target=cut)
        cutter.start()
        try:
            with pytest.raises(StorageError, match="not known whether"):
                storage.atomic_swap("k", VALUE, Context(storage=3))
        finally:
            cutter.join()
            other.execute_command("CLIENT", "UNPAUSE")
        assert other.exists(name)


def test_hanging_command(server: Any, prefix: str) -> None:
    """A server that stops answering is an error in time, and no loss later on."""
    storage = StorageRedis(server.url, prefix=prefix, timeout=0.5)
    storage.post("k", VALUE)
    with server.client() as other:
        other.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
        try:
            with pytest.raises(StorageError, match=r"did not answer within 0\.5 s"):
                storage.post("k", Context(storage="late"))
        finally:
            other.execute_command("CLIENT", "UNPAUSE")
    storage.post("k", Context(storage="after"))
    assert storage.get("k").storage == "after"


def test_wrong_password(server: Any) -> None:
    """A refused login names the server and shows no password."""
    storage = StorageRedis(host="127.0.0.1", port=server.port, password=SECRET)
    with pytest.raises(StorageError, match=f"127.0.0.1:{server.port}/0.*password") as e:
        storage.get("k")
    assert SECRET not in str(e.value)


def test_no_permission(server: Any, prefix: str) -> None:
    """A user without rights is told which ones to ask for."""
    with server.client() as other:
        other.execute_command("ACL", "SETUSER", "guest", "on", ">pw", "~*", "+get")
    storage = StorageRedis(
        host="127.0.0.1", port=server.port, username="guest", password="pw"
    )
    with pytest.raises(StorageError, match=r"Allow this user GET, SET"):
        storage.post("k", VALUE)


def test_full_memory(server: Any, prefix: str) -> None:
    """A full server refuses the new value, says so and keeps the old one."""
    storage = StorageRedis(server.url, prefix=prefix)
    storage.post("k", VALUE)
    with server.client() as other:
        other.config_set("maxmemory", 1)
        try:
            with pytest.raises(StorageError, match="raise its maxmemory"):
                storage.post("k", Context(storage="new"))
        finally:
            other.config_set("maxmemory", 0)
    assert storage.get("k").storage == [1, 2]


def test_foreign_values(server: Any, prefix: str) -> None:
    """A key that something else has written is an error that names it."""
    storage = StorageRedis(server.url, prefix=prefix)
    with server.client() as other:
        other.set(f"{prefix}text", "no record")
        other.lpush(f"{prefix}list", "no text")
        other.set(f"{prefix}".encode() + b"\xff", "no name")
    with pytest.raises(DecodeError, match="'text'"):
        storage.get("text")
    with pytest.raises(DecodeError, match="'text'"):
        storage.get_fingerprint("text")
    with pytest.raises(StorageError, match="WRONGTYPE"):
        storage.get("list")
    assert storage.list_keys() == ["list", "text"]


def test_a_server_that_was_not_there_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who never answers is given up after the time for connecting, not that of a call."""
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.3)
    with faulty_endpoint("hangs") as url:
        storage = StorageRedis(host=url.host, port=url.port, timeout=3600)
        with pytest.raises(StorageError, match="did not answer"):
            within(60, lambda: storage.get("k"))


def test_fail_over(server: Any, prefix: str) -> None:
    """A server that was made a replica is asked again until a primary answers."""
    storage = StorageRedis(server.url, prefix=prefix, timeout=60)
    storage.post("k", VALUE)
    with server.client() as other:
        other.execute_command("REPLICAOF", "127.0.0.1", "1")
        back = threading.Timer(0.5, other.execute_command, ["REPLICAOF", "NO", "ONE"])
        back.start()
        try:
            assert storage.atomic_swap("k", VALUE, Context(storage="new"))
        finally:
            back.join()
            other.execute_command("REPLICAOF", "NO", "ONE")
    assert storage.get("k").storage == "new"
    storage.close()


def test_a_replica_alone(server: Any, prefix: str) -> None:
    """A server that stays a replica is an error in time, which says so."""
    storage = StorageRedis(server.url, prefix=prefix, timeout=0.5)
    with server.client() as other:
        other.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            with pytest.raises(StorageError, match="connect to the primary"):
                storage.post("k", VALUE)
        finally:
            other.execute_command("REPLICAOF", "NO", "ONE")
    storage.close()


def test_a_cluster(cluster: Any, prefix: str) -> None:
    """In a cluster, keys are listed, cleared and deleted on whichever node they are."""
    storage = StorageRedis(cluster.url, prefix=prefix)
    assert storage.list_keys() == []
    keys = [f"{head}-{number}" for head in "abcdefgh" for number in (1, 12)]
    for key in (*keys, "lease-a", "lease-", "-", "alone"):
        storage.post(
            key, Context(storage=key, workflow_id=key.partition("-")[0] or None)
        )
    again = StorageRedis(cluster.url, prefix=prefix)
    assert again.list_keys("a") == ["a-1", "a-12", "alone"]
    assert again.list_keys("lea") == ["lease-", "lease-a"]
    assert again.delete_prefix("b-1") == 2
    again.clear("a")
    assert again.list_keys("a-") == []
    assert len(again.list_keys()) == len(keys)
    storage.close()
    again.close()


def test_runs_in_a_cluster(cluster: Any, prefix: str) -> None:
    """The keys of a workflow share a slot with its lease, so its runs resume and reset."""
    storage = StorageRedis(cluster.url, prefix=prefix)
    ran = []

    @action
    def step() -> int:
        ran.append(1)
        return 1

    for workflow_id in ("nightly", "load-of-the-day", "0b7e1f9c-aa"):
        flow = DotFlow(
            config=Config(storage=storage, log=RecordingLog()), workflow_id=workflow_id
        )
        flow.task.add([step, step])
        assert flow.start(resume=True).status == "Completed"
        assert flow.start().status == "Completed"
    assert len(ran) == 12
    storage.close()


def test_eviction_is_warned_about(server: Any, prefix: str, caplog: Any) -> None:
    """A server that drops any key when its memory is full is warned about, once."""
    with server.client() as other:
        other.config_set("maxmemory", "100mb")
        other.config_set("maxmemory-policy", "allkeys-lru")
        try:
            storage = StorageRedis(server.url, prefix=prefix)
            storage.post("k", VALUE)
            storage.post("k", VALUE)
        finally:
            other.config_set("maxmemory-policy", "noeviction")
            other.config_set("maxmemory", "0")
    (record,) = caplog.records
    assert "allkeys-lru" in record.getMessage()
    assert "s3cret-word" not in record.getMessage()
    storage.close()


@pytest.mark.parametrize(
    "key",
    ["", "-", "a", "a-", "a-b-c", "lease-", "lease-a-b", "a}-{b}", "{a}-b}-", "}-"],
)
def test_hash_tags(key: str) -> None:
    """The key of a name with a hash tag is the one that it was made of."""
    assert untagged(tagged(key.encode())) == key.encode()
