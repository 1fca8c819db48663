"""Where a provider's name leads: to a built-in or to an entry point.

`load_entry_point` and `entry_point_names` serve every group of entry points that
dotflow has: `dotflow.providers`, `dotflow.storages`, `dotflow.executors`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dotflow.errors import ImportModuleError, ProviderConflict, ProviderNotInstalled

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "dotflow.providers"

BUILT_IN = {
    "LogDefault": "log_default",
    "MetricsDefault": "metrics_default",
    "NotifyDefault": "notify_default",
    "NotifyRules": "notify_rules",
    "SchedulerDefault": "scheduler_default",
    "ServerDefault": "server_default",
    "StorageDefault": "storage_default",
    "StorageFile": "storage_file",
    "StorageSQLite": "storage_sqlite",
    "TracerDefault": "tracer_default",
}
"""The providers that dotflow itself has, and the modules they are in."""

INTEGRATIONS = {
    "LogOpenTelemetry": ("dotflow-otel", "otel"),
    "LogSentry": ("dotflow-sentry", "sentry"),
    "MetricsOpenTelemetry": ("dotflow-otel", "otel"),
    "NotifyDiscord": ("dotflow-discord", "discord"),
    "NotifyTelegram": ("dotflow-telegram", "telegram"),
    "SchedulerCron": ("dotflow-scheduler", "scheduler"),
    "StorageGCS": ("dotflow-gcp", "gcp"),
    "StoragePostgres": ("dotflow-postgres", "postgres"),
    "StorageRedis": ("dotflow-redis", "redis"),
    "StorageS3": ("dotflow-aws", "aws"),
    "TracerOpenTelemetry": ("dotflow-otel", "otel"),
    "TracerSentry": ("dotflow-sentry", "sentry"),
}
"""The providers of other distributions, with the distribution and the extra."""

_FAMILIES = ("log", "metrics", "notify", "scheduler", "server", "storage", "tracer")


def load_provider(name: str) -> Any:
    """Return the class of a provider.

    Args:
        name: The class's name, e.g. `"StorageFile"`.

    Raises:
        AttributeError: There is no provider of that name.
        ProviderNotInstalled: It is an integration that is not installed.
        ProviderConflict: Two distributions claim the name, or it leads to something
            that is no provider.
        ImportModuleError: The integration is broken. Whatever else it raises while it
            is imported passes through.
    """
    # These first: no distribution can put a class in place of one.
    if name in BUILT_IN:
        return getattr(import_module(f"dotflow.providers.{BUILT_IN[name]}"), name)
    try:
        found = load_entry_point(GROUP, name)
    except KeyError:
        raise _missing(name) from None
    _check_family(name, found)
    return found


def installed_providers() -> list[str]:
    """Return the names of the built-in providers and of the installed ones."""
    return sorted({*BUILT_IN, *entry_point_names(GROUP)})


def load_entry_point(group: str, name: str) -> Any:
    """Import what a distribution has registered under a name.

    Args:
        group: The group of entry points.
        name: The name in it.

    Raises:
        KeyError: Nobody has registered the name.
        ProviderConflict: Two distributions have.
        ImportModuleError: The entry point leads nowhere, or importing it raised an
            `AttributeError`. Whatever else it raises passes through, with a note that
            names the entry point.
    """
    from importlib.metadata import entry_points

    # A distribution can be found twice, e.g. in an editable and in an installed form.
    found = {
        (_distribution(point), point.value): point
        for point in entry_points(group=group, name=name)
    }
    if not found:
        raise KeyError(name)
    if len(found) > 1:
        claims = " and ".join(sorted(f"{who} ({value})" for who, value in found))
        raise ProviderConflict(
            f"{name!r} is registered in {group!r} by {claims}: uninstall one of them."
        )
    ((distribution, value), point) = found.popitem()
    try:
        return point.load()
    except AttributeError as error:
        # Raised from a module's `__getattr__` it would read as "there is no such name".
        raise ImportModuleError(value, f"{distribution}: {error}") from error
    except Exception as error:
        error.add_note(f"while loading {name!r} from {distribution} ({value})")
        raise


def entry_point_names(group: str) -> list[str]:
    """Return the names that installed distributions have registered in a group.

    Args:
        group: The group of entry points.
    """
    from importlib.metadata import entry_points

    return sorted(entry_points(group=group).names)


def check_abc(name: str, value: object, *families: str) -> None:
    """Check that what was loaded is a class of one of these kinds.

    Args:
        name: The name it was loaded by.
        value: What was loaded.
        families: The kinds, each the name of a module in `dotflow.abc`.

    Raises:
        ProviderConflict: It is something else.
    """
    bases = tuple(
        getattr(import_module(f"dotflow.abc.{family}"), family.capitalize())
        for family in families
    )
    if not (isinstance(value, type) and issubclass(value, bases)):
        expected = " or ".join(f"{base.__module__}.{base.__name__}" for base in bases)
        raise ProviderConflict(
            f"{name!r} leads to {value!r}, which is no subclass of {expected}."
        )


def _check_family(name: str, value: object) -> None:
    families = [family for family in _FAMILIES if name.lower().startswith(family)]
    check_abc(name, value, *(families or _FAMILIES))


def _distribution(point: EntryPoint) -> str:
    return "an unnamed distribution" if point.dist is None else point.dist.name


def _missing(name: str) -> Exception:
    if name in INTEGRATIONS:
        return ProviderNotInstalled(name, *INTEGRATIONS[name])
    from dotflow.base.suggest import hint

    known = sorted({*installed_providers(), *INTEGRATIONS})
    return AttributeError(
        f"module 'dotflow.providers' has no attribute {name!r}.{hint(name, known)}"
        f" There are: {', '.join(known)}."
    )
