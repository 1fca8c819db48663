"""Making the providers that the settings ask for."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from dotflow.base.cloud_file import resolve
from dotflow.base.masking import mask
from dotflow.base.suggest import unknown
from dotflow.config.sources.secret import Resolver
from dotflow.config.sources.wanted import ONE_ONLY, URL, Provider, Wanted
from dotflow.errors import ConfigError, DotflowError, ProviderNotInstalled

# The address of a server, and what is sent there with every report.
_PAIR = ("base_url", "user_token")
_TRUTH = {"true": True, "yes": True, "on": True, "1": True}
_FALSEHOOD = {"false": False, "no": False, "off": False, "0": False}


def build(wanted: Wanted, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments for `Config`.

    Args:
        wanted: What the settings ask for.
        environ: The variables, for references to them.

    Raises:
        ConfigError: A provider cannot be made as it is asked for.
        ProviderNotInstalled: It needs a distribution that is not installed.
    """
    made: dict[str, Any] = {}
    resolver = Resolver(environ)
    for family, providers in wanted.families.items():
        if family in ONE_ONLY and len(providers) > 1:
            places = " and ".join(provider.where for provider in providers.values())
            raise ConfigError(
                f"There can be only one {family}, and there are {places}."
            )
        several = [_make(family, provider, resolver) for provider in providers.values()]
        if several:
            made[family] = several[0] if family in ONE_ONLY else several
    for option, setting in wanted.options.items():
        value, is_text = resolver.resolve(option, setting)
        made[option] = _switch(value, setting.where) if is_text else value
        if type(made[option]) is not bool:
            raise ConfigError(f"{setting.where}: write true or false.")
    return made


def _make(family: str, provider: Provider, resolver: Resolver) -> Any:
    if provider.name == URL:
        from dotflow.providers.storage_url import storage_from_url

        factory: Any = storage_from_url
    else:
        factory = _load(family, provider)
    # Compared before the call: a TypeError would not say where the name was written.
    parameters = inspect.signature(factory).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    arguments = {}
    for name, setting in provider.arguments.items():
        if name not in parameters and not open_ended:
            raise unknown(
                setting.where, f"argument of {provider.name}", name, parameters
            )
        value, is_text = resolver.resolve(name, setting)
        if is_text and name in parameters:
            value = _convert(value, parameters[name], setting.where)
        arguments[name] = value
    _check_pairs(provider, parameters)
    missing = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and name not in arguments
    ]
    if missing:
        raise ConfigError(
            f"{provider.where}: {provider.name} needs {', '.join(missing)}."
        )
    try:
        return factory(**arguments)
    except ProviderNotInstalled as error:
        error.add_note(f"wanted by {provider.where}")
        raise
    except (DotflowError, TypeError, ValueError) as error:
        # Not `from error`: whatever it quotes would be printed with it.
        told = mask(resolver.hide(str(error)))
        raise ConfigError(f"{provider.where}: {told}") from None


def _check_pairs(provider: Provider, parameters: Mapping[str, Any]) -> None:
    """Refuse an address of a file that would get a token which is not for it."""
    address, token = (provider.arguments.get(name) for name in _PAIR)
    from_a_file = address is not None and address.folder is not None
    if not from_a_file or token is not None or not set(_PAIR) <= set(parameters):
        return
    if resolve("token", "SERVER_USER_TOKEN"):
        raise ConfigError(
            f"{provider.where}: base_url stands alone, and a token that was saved, or set"
            " for another address, must not go there. Write user_token = {env = "
            '"SERVER_USER_TOKEN"} beside it.'
        )


def _load(family: str, provider: Provider) -> Any:
    from dotflow.providers import registry

    name = provider.name
    try:
        if ":" in name:
            from dotflow.base.arguments import Module

            found: Any = Module(name)
        else:
            found = registry.load_provider(name)
    except AttributeError:
        known = {*registry.installed_providers(), *registry.INTEGRATIONS}
        ours = [
            known_name for known_name in known if known_name.lower().startswith(family)
        ]
        raise unknown(provider.where, "provider", name, ours) from None
    except ProviderNotInstalled as error:
        error.add_note(f"wanted by {provider.where}")
        raise
    except DotflowError as error:
        raise ConfigError(f"{provider.where}: {error}") from error
    try:
        registry.check_abc(name, found, family)
    except DotflowError as error:
        raise ConfigError(f"{provider.where}: {error}") from None
    return found


def _convert(text: Any, parameter: inspect.Parameter, where: str) -> Any:
    """Return a text as what its parameter takes: texts are all that variables hold."""
    annotation = str(parameter.annotation)
    # Read as text: to evaluate it would import what it names.
    kinds = {part.strip() for part in annotation.split("|")}
    if not isinstance(text, str) or kinds - {"bool", "int", "float", "None"}:
        return text
    try:
        if "bool" in kinds:
            return _switch(text, where)
        if "int" in kinds:
            return int(text)
        if "float" in kinds:
            return float(text)
    except (KeyError, ValueError):
        wanted = " or ".join(sorted(kinds & {"bool", "int", "float"}))
        raise ConfigError(f"{where}: write a value of type {wanted}.") from None
    return text


def _switch(text: str, where: str) -> bool:
    """Return whether a text says that something is on."""
    try:
        return (_TRUTH | _FALSEHOOD)[text.lower()]
    except KeyError:
        raise ConfigError(f"{where}: write a value of type bool.") from None
