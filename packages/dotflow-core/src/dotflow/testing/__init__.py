"""Helpers for tests of workflows, and suites that a provider of your own must pass.

Importing it needs no test framework: the suites are plain classes with plain asserts,
for pytest and unittest alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dotflow.testing.assertions import assert_completed as assert_completed
    from dotflow.testing.assertions import assert_failed as assert_failed
    from dotflow.testing.assertions import assert_not_ran as assert_not_ran
    from dotflow.testing.assertions import assert_ran as assert_ran
    from dotflow.testing.clock import FakeClock as FakeClock
    from dotflow.testing.clock import fake_clock as fake_clock
    from dotflow.testing.clock import run_with_fake_clock as run_with_fake_clock
    from dotflow.testing.executor import ExecutorContract as ExecutorContract
    from dotflow.testing.executor_kills import kill_at_random as kill_at_random
    from dotflow.testing.fakes import RecordingLog as RecordingLog
    from dotflow.testing.fakes import RecordingMetrics as RecordingMetrics
    from dotflow.testing.fakes import RecordingNotify as RecordingNotify
    from dotflow.testing.fakes import RecordingServer as RecordingServer
    from dotflow.testing.fakes import RecordingTracer as RecordingTracer
    from dotflow.testing.fault_contract import (
        StorageFaultContract as StorageFaultContract,
    )
    from dotflow.testing.fault_contract import (
        StorageRestartContract as StorageRestartContract,
    )
    from dotflow.testing.fault_contract import (
        TellingFaultContract as TellingFaultContract,
    )
    from dotflow.testing.faults import faulty_endpoint as faulty_endpoint
    from dotflow.testing.history import HistoryContract as HistoryContract
    from dotflow.testing.log import LogContract as LogContract
    from dotflow.testing.message_delivery import (
        MessageDeliveryContract as MessageDeliveryContract,
    )
    from dotflow.testing.metrics import MetricsContract as MetricsContract
    from dotflow.testing.notify import NotifyContract as NotifyContract
    from dotflow.testing.object_faults import (
        ObjectStorageFaultContract as ObjectStorageFaultContract,
    )
    from dotflow.testing.object_storage import (
        ObjectStorageContract as ObjectStorageContract,
    )
    from dotflow.testing.overrides import override_steps as override_steps
    from dotflow.testing.pipeline_contract import (
        PipelineResumeContract as PipelineResumeContract,
    )
    from dotflow.testing.relay import relay as relay
    from dotflow.testing.resume_contract import (
        StorageResumeContract as StorageResumeContract,
    )
    from dotflow.testing.scheduler import SchedulerContract as SchedulerContract
    from dotflow.testing.server import ServerContract as ServerContract
    from dotflow.testing.storage import StorageContract as StorageContract
    from dotflow.testing.tasks import FakeTask as FakeTask
    from dotflow.testing.tasks import FakeWorkflow as FakeWorkflow
    from dotflow.testing.tracer import TracerContract as TracerContract

_MODULES = {
    "ExecutorContract": "executor",
    "FakeClock": "clock",
    "FakeTask": "tasks",
    "FakeWorkflow": "tasks",
    "HistoryContract": "history",
    "LogContract": "log",
    "MessageDeliveryContract": "message_delivery",
    "MetricsContract": "metrics",
    "NotifyContract": "notify",
    "ObjectStorageContract": "object_storage",
    "ObjectStorageFaultContract": "object_faults",
    "PipelineResumeContract": "pipeline_contract",
    "RecordingLog": "fakes",
    "RecordingMetrics": "fakes",
    "RecordingNotify": "fakes",
    "RecordingServer": "fakes",
    "RecordingTracer": "fakes",
    "SchedulerContract": "scheduler",
    "ServerContract": "server",
    "StorageContract": "storage",
    "StorageFaultContract": "fault_contract",
    "StorageRestartContract": "fault_contract",
    "StorageResumeContract": "resume_contract",
    "TellingFaultContract": "fault_contract",
    "TracerContract": "tracer",
    "assert_completed": "assertions",
    "assert_failed": "assertions",
    "assert_not_ran": "assertions",
    "assert_ran": "assertions",
    "fake_clock": "clock",
    "kill_at_random": "executor_kills",
    "override_steps": "overrides",
    "relay": "relay",
    "run_with_fake_clock": "clock",
    "faulty_endpoint": "faults",
}

__all__ = [
    "ExecutorContract",
    "FakeClock",
    "FakeTask",
    "FakeWorkflow",
    "LogContract",
    "MessageDeliveryContract",
    "MetricsContract",
    "NotifyContract",
    "ObjectStorageContract",
    "ObjectStorageFaultContract",
    "RecordingLog",
    "RecordingMetrics",
    "RecordingNotify",
    "RecordingServer",
    "RecordingTracer",
    "SchedulerContract",
    "ServerContract",
    "StorageContract",
    "StorageFaultContract",
    "StorageRestartContract",
    "StorageResumeContract",
    "TellingFaultContract",
    "TracerContract",
    "faulty_endpoint",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"dotflow.testing.{_MODULES[name]}")
    found = globals()[name] = getattr(module, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
