"""`ObjectStorageFaultContract`: an object storage's promises while its service fails.

They are for what is derived from `dotflow.abc.object_storage.ObjectStorage`. Between
the storage and a service that works stands a `relay`, which fails as a test says.
"""

from __future__ import annotations

import itertools
import pickle
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from dotflow.errors import StorageError
from dotflow.model.context import Context
from dotflow.testing.fault_contract import MEMORY, OTHER_FAULTS, memory, within
from dotflow.testing.faults import faulty_endpoint
from dotflow.testing.relay import relay
from dotflow.testing.storage_base import raises
from dotflow.testing.tasks import FakeTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dotflow.providers.object_storage import ObjectStorage
    from dotflow.testing.relay import Headers, Plan, Relay, RelayedRequest

OPERATIONS: dict[str, Callable[[ObjectStorage], object]] = {
    "post": lambda storage: storage.post("k", Context(1)),
    "get": lambda storage: storage.get("k"),
    "list_keys": lambda storage: storage.list_keys(),
    "delete": lambda storage: storage.delete("k"),
    "delete_prefix": lambda storage: storage.delete_prefix("k"),
    "clear": lambda storage: storage.clear("wf"),
    "atomic_swap": lambda storage: storage.atomic_swap("k", None, Context(1)),
    "get_fingerprint": lambda storage: storage.get_fingerprint("k"),
    "check": lambda storage: storage.check(),
}
"""Every call that asks the service for something, by the name of its method."""

_GARBAGE: dict[str, Plan] = {
    "noise": lambda request: request.noise(),
    "html": lambda request: request.reply(200, body=b"<html>Welcome!</html>"),
    "text": lambda request: request.reply(200, body=b"{]"),
    "list": lambda request: request.reply(200, body=b"[]"),
    "empty": lambda request: request.reply(200),
    "503": lambda request: request.reply(503, body=b"<p>not of this service</p>"),
    "302": lambda request: request.reply(302, body=b"elsewhere"),
}


class ObjectStorageFaultContract:
    """A mixin of tests, for pytest and unittest; each bucket is a new and empty one.

    Attributes:
        faults: Those of `faulty_endpoint` beside the ones that have a test of their own.
        service_url: The address of a service that works.
        secrets: Texts that the storage was given and that no error may show.
        write_command: The HTTP method that writes an object.
    """

    faults: tuple[str, ...] = OTHER_FAULTS
    service_url: str
    secrets: tuple[str, ...] = ()
    write_command: str = "PUT"

    def make_at(
        self, url: str, *, repeats: bool = False, **arguments: Any
    ) -> ObjectStorage:
        """Return a storage of the bucket whose service is at `url`.

        Args:
            url: The address.
            repeats: Whether it asks again after a failure, or but once.
            arguments: Further ones: `timeout`, or `bucket` for another bucket.
        """
        raise NotImplementedError("make_at: return a storage of the bucket")

    def trouble(self) -> tuple[int, Headers, bytes]:
        """Return the status, headers and body of a failure that may pass."""
        raise NotImplementedError("trouble: return what the service says in trouble")

    def failure(self, storage: ObjectStorage, operation: str) -> str:
        """Return the message of the error that an operation must raise.

        Args:
            storage: The storage.
            operation: One of `OPERATIONS`.
        """
        text = str(raises(StorageError, lambda: OPERATIONS[operation](storage)))
        assert storage.bucket in text
        assert "\n" not in text
        for secret in self.secrets:
            assert secret not in text
        return text

    def test_nothing_is_asked_before_the_first_use(self) -> None:
        """Making, pickling and closing a storage sends no request."""
        with self._relayed(lambda request: request.pass_on()) as (server, storage):
            storage.key(FakeTask())
            pickle.loads(pickle.dumps(storage)).close()
            storage.close()
            assert server.requests == []
            storage.check()
            assert len(server.requests) == 1

    def test_refused_connection(self) -> None:
        """Where nobody listens, every method says so and where to look."""
        with faulty_endpoint("refuses") as url, closing(self.make_at(url)) as storage:
            for operation in OPERATIONS:
                assert "Check the network" in self.failure(storage, operation)

    def test_hanging_endpoint(self) -> None:
        """An endpoint that never answers is given up after the timeout."""
        with self._relayed(lambda request: request.hang(), timeout=0.2) as found:
            server, storage = found
            for count, operation in enumerate(OPERATIONS, 1):
                assert "raise timeout=" in self.failure(storage, operation)
                assert len(server.requests) == count

    def test_garbage(self) -> None:
        """What does not speak the service's language is never taken for a success."""
        for plan in _GARBAGE.values():
            with self._relayed(plan) as (_, storage):
                for operation in OPERATIONS:
                    self.failure(storage, operation)

    def test_whatever_else_is_an_error(self) -> None:
        """Each fault that an endpoint may have is an error in time, and fills no memory."""
        for kind in self.faults:
            before = memory()
            with faulty_endpoint(kind) as url, closing(self._hasty(url)) as storage:
                for operation in ("get", "list_keys"):
                    within(20.0, partial(self.failure, storage, operation))
            assert memory() - before < MEMORY, kind

    def _hasty(self, url: str) -> ObjectStorage:
        return self.make_at(url, timeout=0.3)

    def test_missing_bucket(self) -> None:
        """A bucket that is not there is said to be missing."""
        storage = self.make_at(self.service_url, bucket="nowhere")
        with closing(storage):
            for operation in OPERATIONS:
                text = self.failure(storage, operation)
                assert "There is no such bucket: make it, or correct bucket=." in text

    def test_passing_failures_are_retried(self) -> None:
        """A request that fails once is repeated, and nobody notices."""
        turns = itertools.count()

        def plan(request: RelayedRequest) -> None:
            if next(turns) % 2 == 0:
                request.reply(*self.trouble())
            else:
                request.pass_on()

        with self._relayed(plan, repeats=True) as (_, storage):
            storage.post("k", Context([1, 2]))
            assert storage.get("k").storage == [1, 2]
            assert storage.list_keys() == ["k"]
            assert storage.delete("k") is True

    def test_broken_off_answers_are_retried(self) -> None:
        """An object whose transfer breaks off is fetched again, and never cut short."""
        turns = itertools.count()

        def plan(request: RelayedRequest) -> None:
            status, headers, body = request.forward()
            if request.command != "GET" or next(turns) % 2:
                request.reply(status, headers, body)
            else:
                request.reply(status, headers, body[: len(body) // 2], len(body))

        value = list(range(10_000))
        with self._relayed(plan, repeats=True) as (server, storage):
            storage.post("k", Context(value))
            assert storage.get("k").storage == value
            with closing(self.make_at(server.url)) as hasty:
                self.failure(hasty, "get")

    def test_swap_whose_answer_is_lost(self) -> None:
        """A swap that was done says so, although the answer to its write was lost."""
        turns = itertools.count()

        def plan(request: RelayedRequest) -> None:
            answer = request.forward()
            if request.command == self.write_command and next(turns) == 0:
                request.reply(*self.trouble())
            else:
                request.reply(*answer)

        with self._relayed(plan, repeats=True) as (_, storage):
            assert storage.atomic_swap("k", None, Context("mine")) is True
            assert next(turns) > 1
            assert storage.get("k").storage == "mine"
            assert storage.atomic_swap("k", None, Context("other")) is False

    def test_slow_endpoint(self) -> None:
        """An endpoint that is slow, but within the timeout, serves a run."""

        def plan(request: RelayedRequest) -> None:
            request.server.released.wait(0.05)
            request.pass_on()

        with self._relayed(plan) as (_, storage):
            workflow = _workflow(storage, lambda _name: None)
            assert workflow.start().status == "Completed"

    def test_run_whose_storage_fails(self) -> None:
        """A task whose result cannot be stored is Failed, and a resume runs it again."""
        for fault in ("hang", "noise"):
            self._fail_in_a_run(fault, f"nightly-{fault}")

    def test_bad_state_is_told_before_any_task(self) -> None:
        """A workflow with a fixed id finds out before its first task."""
        ran: list[str] = []
        with faulty_endpoint("refuses") as url, closing(self.make_at(url)) as storage:
            workflow = _workflow(storage, ran.append)
            assert "Check the network" in str(raises(StorageError, workflow.start))
        assert ran == []

    def _fail_in_a_run(self, fault: str, workflow_id: str) -> None:
        healthy = False
        key = f"{workflow_id}-two"

        def plan(request: RelayedRequest) -> None:
            is_of_two = key in request.path or key.encode() in request.body
            if healthy or not is_of_two:
                request.pass_on()
            else:
                getattr(request, fault)()

        ran: list[str] = []
        with relay(self.service_url, plan) as server:
            with closing(self.make_at(server.url, timeout=2)) as storage:
                workflow = _workflow(storage, ran.append, workflow_id)
                workflow.start()
            tasks = workflow.result_task()
            statuses = [task.status for task in tasks]
            assert statuses == ["Completed", "Failed", "Not started"]
            error = tasks[1].errors[-1]
            assert error.exception == "StorageError"
            assert "'two'" in error.message
            healthy = True
            with closing(self.make_at(server.url, timeout=10)) as storage:
                again = _workflow(storage, ran.append, workflow_id)
                assert again.start(resume=True).status == "Completed"
        assert ran == ["one", "two", "two", "three"]

    @contextmanager
    def _relayed(
        self, plan: Plan, **arguments: Any
    ) -> Iterator[tuple[Relay, ObjectStorage]]:
        """Give a relay with a plan, and a storage that asks it, and end both."""
        with ExitStack() as stack:
            server = stack.enter_context(relay(self.service_url, plan))
            storage = self.make_at(server.url, **arguments)
            yield server, stack.enter_context(closing(storage))


def _workflow(
    storage: ObjectStorage, note: Callable[[str], object], workflow_id: str = "nightly"
) -> Any:
    """Return a workflow of three tasks that note their names."""
    from dotflow import Config, DotFlow, action

    workflow = DotFlow(config=Config(storage=storage), workflow_id=workflow_id)
    for name in ("one", "two", "three"):

        def step(name: str = name) -> str:
            note(name)
            return name

        workflow.task.add(action(step), name=name)
    return workflow
