"""Reading the variables `DOTFLOW_…`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dotflow.base.suggest import closest
from dotflow.config.sources.family import is_address, read_family
from dotflow.config.sources.wanted import FAMILIES, OPTIONS, Setting, Wanted
from dotflow.errors import ConfigError

PREFIX = "DOTFLOW_"
FILE = "_FILE"

FAMILY_OF = {f"{PREFIX}{family.upper()}": family for family in FAMILIES}
"""The variables that name providers, separated by commas."""

OPTION_OF = {f"{PREFIX}{option.upper()}": option for option in OPTIONS}
"""The variables that say what is on or off."""

LOG_OF = {
    f"{PREFIX}LOG_{name.upper()}": name
    for name in ("level", "format", "output", "path")
}
"""The variables for the arguments of `LogDefault`."""

# Known elsewhere, so not misspelt: `closest` must not take them for others.
_OTHERS = (
    "DOTFLOW_OUTPUT_PATH",
    "DOTFLOW_EXIT_TIMEOUT",
    "DOTFLOW_SAFE_DIRECTORY",
    "DOTFLOW_FILE_MODE",
)


def read_environment(environ: Mapping[str, str]) -> Wanted:
    """Return what the environment asks for. An empty variable counts as not set.

    Args:
        environ: The variables.

    Raises:
        ConfigError: A variable is misspelt or malformed.
    """
    wanted = Wanted()
    ours = {
        name: value.strip()  # a file of variables, or a secret, ends with a newline
        for name, value in environ.items()
        if name.startswith(PREFIX) and value.strip()
    }
    # Providers first, so that their arguments below find them in this order.
    for variable, family in FAMILY_OF.items():
        if variable in ours:
            wanted.replaced.add(family)
            value = _listed(family, ours[variable])
            read_family(wanted, family, Setting(value, variable))
    for variable in sorted(ours):
        if "__" in variable:
            _read_argument(wanted, variable, ours[variable])
        elif variable in LOG_OF:
            log = wanted.provider("log", "LogDefault", variable)
            log.arguments[LOG_OF[variable]] = Setting(ours[variable], variable)
        elif variable in OPTION_OF:
            wanted.options[OPTION_OF[variable]] = Setting(ours[variable], variable)
        elif variable not in FAMILY_OF and variable not in _OTHERS:
            _check_spelling(variable)
    return wanted


def _listed(family: str, text: str) -> str | list[str]:
    """Return the names in a text, or an address as it is: one may hold a comma."""
    if is_address(family, text):
        return text
    return [name.strip() for name in text.split(",") if name.strip()]


def _read_argument(wanted: Wanted, variable: str, value: str) -> None:
    """Read `DOTFLOW_<PROVIDER>__<ARGUMENT>`, or the same with `_FILE` behind."""
    given, _, argument = variable.removeprefix(PREFIX).partition("__")
    by_capitals = {name.upper(): name for name in _provider_names()}
    if given not in by_capitals:
        close = closest(given, by_capitals)
        hint = f" Did you mean {PREFIX}{close}__{argument}?" if close else ""
        raise ConfigError(f"{variable}: there is no provider of that name.{hint}")
    name = by_capitals[given]
    content: object = value
    if argument.endswith(FILE):
        argument, content = argument.removesuffix(FILE), {"file": value}
    provider = wanted.provider(_family_of(name), name, variable)
    provider.arguments[argument.lower()] = Setting(content, variable)


def _check_spelling(variable: str) -> None:
    from difflib import SequenceMatcher

    known = (*FAMILY_OF, *OPTION_OF, *LOG_OF, *_OTHERS)
    close = closest(variable, known)
    # Other programs may have variables of this prefix: only what is nearly ours.
    if close and SequenceMatcher(None, variable, close).ratio() > 0.93:
        raise ConfigError(
            f"{variable}: there is no such setting. Did you mean {close}?"
        )


def _provider_names() -> Iterator[str]:
    from dotflow.providers import registry

    yield from registry.installed_providers()
    yield from registry.INTEGRATIONS


def _family_of(name: str) -> str:
    for family in FAMILIES:
        if name.lower().startswith(family):
            return family
    raise ConfigError(f"{name} begins with the name of no family of providers.")
