"""Every provider by name: `from dotflow.providers import StorageFile, StorageS3`.

A name is looked up when it is first used. The built-in ones are part of dotflow; each
integration is a distribution of its own, which registers its classes in the entry-point
group `dotflow.providers`, and so may anybody else's.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.providers.log_default import LogDefault as LogDefault
    from dotflow.providers.metrics_default import MetricsDefault as MetricsDefault
    from dotflow.providers.notify_default import NotifyDefault as NotifyDefault
    from dotflow.providers.notify_rules import NotifyRules as NotifyRules
    from dotflow.providers.scheduler_default import SchedulerDefault as SchedulerDefault
    from dotflow.providers.server_default import ServerDefault as ServerDefault
    from dotflow.providers.storage_default import StorageDefault as StorageDefault
    from dotflow.providers.storage_file import StorageFile as StorageFile
    from dotflow.providers.storage_sqlite import StorageSQLite as StorageSQLite
    from dotflow.providers.tracer_default import TracerDefault as TracerDefault
    from dotflow_aws import StorageS3 as StorageS3  # type: ignore[import-not-found, unused-ignore]
    from dotflow_discord import NotifyDiscord as NotifyDiscord  # type: ignore[import-not-found, unused-ignore]
    from dotflow_gcp import StorageGCS as StorageGCS  # type: ignore[import-not-found, unused-ignore]
    from dotflow_otel import LogOpenTelemetry as LogOpenTelemetry  # type: ignore[import-not-found, unused-ignore]
    from dotflow_otel import MetricsOpenTelemetry as MetricsOpenTelemetry  # type: ignore[import-not-found, unused-ignore]
    from dotflow_otel import TracerOpenTelemetry as TracerOpenTelemetry  # type: ignore[import-not-found, unused-ignore]
    from dotflow_postgres import StoragePostgres as StoragePostgres  # type: ignore[import-not-found, unused-ignore]
    from dotflow_redis import StorageRedis as StorageRedis  # type: ignore[import-not-found, unused-ignore]
    from dotflow_scheduler import SchedulerCron as SchedulerCron  # type: ignore[import-not-found, unused-ignore]
    from dotflow_sentry import LogSentry as LogSentry  # type: ignore[import-not-found, unused-ignore]
    from dotflow_sentry import TracerSentry as TracerSentry  # type: ignore[import-not-found, unused-ignore]
    from dotflow_telegram import NotifyTelegram as NotifyTelegram  # type: ignore[import-not-found, unused-ignore]

# Not the integrations: `import *` must not ask for what is not installed.
__all__ = [
    "LogDefault",
    "MetricsDefault",
    "NotifyDefault",
    "NotifyRules",
    "SchedulerDefault",
    "ServerDefault",
    "StorageDefault",
    "StorageFile",
    "StorageSQLite",
    "TracerDefault",
]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):  # what tools ask every module for
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dotflow.providers.registry import load_provider

    found = globals()[name] = load_provider(name)
    return found


def __dir__() -> list[str]:
    from dotflow.providers.registry import installed_providers

    return sorted({*globals(), *installed_providers()})
