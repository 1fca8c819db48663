"""Passwords taken out of whatever is shown: addresses, errors, logs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "***"
"""What stands in the place of a password."""

# Up to the last `@`: a password that was not escaped may hold one, or a slash.
_USER_INFO = re.compile(r"((?<![A-Za-z0-9+.-])[A-Za-z0-9+.-]++://)([^\s\"'<>]*)@")
# In the query of an address, or in `host=… password=…`.
_FIELD = re.compile(
    r"""((?<![\w.-])[\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?key"""
    r"""|access_?key|credential|signature)[\w.-]*\s*=\s*)"""
    r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s&;,"')]+)""",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"passw(?:or)?d|passphrase|pwd|secret|token(?!i[sz])|credential|signature|authorization"
    r"|cookie|(?:api|access|private|account|signing|encryption)[_-]?key"
    r"|(?:^|[_-])(?:auth|dsn|pin|otp|ssn)(?:$|[_-])",
    re.IGNORECASE,
)
# As JSON, YAML or a header has it: `"password": "…"`, `Authorization: Bearer …`.
_PAIR = re.compile(
    r"""((?<![\w.-])[\w.-]++["']?\s*+:\s*)("[^"\n]*"?|'[^'\n]*'?|[^,;&}\n]+)""",
)
_PARTS = re.compile(r"[/?#@:&=\s\[\]]+")
_PORT = re.compile(r"\d+[/?#]")
_SHORTEST_PART = 3
# What is shorter would be found in any text.
_SHORTEST_KEPT = 4
_LONGEST_SEARCHED = 2000
_kept: set[str] = set()


def mask(text: str, *addresses: str | None) -> str:
    """Return a text without passwords: those in it, and those of known addresses.

    Args:
        text: Any text, such as an error's message.
        addresses: Addresses, connection strings or mere passwords that the text may
            quote in whole or in part.
    """
    secrets = {secret for address in addresses if address for secret in _of(address)}
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _FIELD.sub(rf"\1{HIDDEN}", _USER_INFO.sub(_without_password, text))


def mask_pairs(text: str) -> str:
    """As `mask`, and without what stands behind a name that looks secret and a colon.

    For what is data: in a sentence a colon says less.
    """
    text = mask(text)
    # Not through `looks_secret`, which remembers what it was asked.
    return _PAIR.sub(_without_value, text) if _NAME.search(text) else text


def keep_secret(
    *addresses: str | None, whole: bool = False, shortest: int = _SHORTEST_KEPT
) -> None:
    """Have the passwords of addresses masked in what steps print, from now on.

    Args:
        addresses: Addresses, connection strings or mere passwords.
        whole: Whether each of them is a secret as it is, such as a token.
        shortest: What has fewer letters is no secret, but a word that texts may have.
    """
    for address in addresses:
        if address:
            user, _, password = (
                address.partition("://")[2].rpartition("@")[0].partition(":")
            )
            if password and user == password and not whole:
                continue  # as `postgres:postgres`: no secret, and in many a text
            forms = _forms({address}) if whole else _of(address)
            _kept.update(one for one in forms if len(one) >= shortest)


def without_secrets(text: str) -> str:
    """Return a text that a step has printed or raised, without what `keep_secret` was told.

    Unlike in `mask`, what only looks like a password stays, except in an address.
    """
    for secret in sorted(_kept, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    if "://" not in text or "@" not in text:
        return text
    # Line by line, since the pattern takes long for what is as long as a letter of it.
    return "\n".join(
        _USER_INFO.sub(_without_login, line)
        if "@" in line and "://" in line and len(line) < _LONGEST_SEARCHED
        else line
        for line in text.split("\n")
    )


@lru_cache(maxsize=4096)
def looks_secret(name: str) -> bool:
    """Say whether what has this name is to be hidden: a password, a token, a key."""
    return _NAME.search(name) is not None


def masked_arguments(arguments: Iterable[str]) -> list[str]:
    """Return the words of a command line without passwords.

    Args:
        arguments: The words, of which one may be the value of the option before it.
    """
    words: list[str] = []
    for word in arguments:
        before = words[-1] if words else ""
        name, given, _ = word.partition("=")
        if given and looks_secret(name):
            words.append(f"{name}={HIDDEN}")
        elif before.startswith("-") and "=" not in before and looks_secret(before):
            words.append(HIDDEN)
        else:
            words.append(mask(word))
    return words


def raw_password(address: str) -> str | None:
    """Return what stands for the password in a URL, escaped or not; None if nothing.

    That is all between the first `:` behind `://` and the last `@`. Where a parser has
    found another password than this, the rest of it is taken for a host, a path or a
    port, and would be shown.

    Args:
        address: The URL, malformed or not.
    """
    user_info, at, _ = address.partition("://")[2].rpartition("@")
    _, colon, password = user_info.partition(":")
    return password if at and colon else None


def is_ambiguous(address: str, found: str | None) -> bool:
    """Tell whether a parser has not taken the whole password of a URL for one.

    Args:
        address: The URL.
        found: The password that the parser has found, no longer escaped.
    """
    raw = raw_password(address)
    return bool(raw) and unquote(raw or "") != (found or "")


def cause_of(error: BaseException, *addresses: str | None) -> BaseException | None:
    """Return an error to chain; None where its own text holds a password.

    Args:
        error: What a library has raised.
        addresses: As for `mask`.
    """
    seen: BaseException | None = error
    while seen is not None:
        if mask(str(seen), *addresses) != str(seen):
            return None
        seen = seen.__cause__ or seen.__context__
    return error


def _of(address: str) -> set[str]:
    """Return every form in which a text may quote the password of an address."""
    found = [match[2].strip("'\"") for match in _FIELD.finditer(address)]
    if "://" not in address:
        if not found and "=" not in address:
            found.append(address)  # a mere password
    elif password := raw_password(address):
        found.append(password)
        # What parsers make of one with unescaped characters.
        parts = _PARTS.split(password)
        found += [part for part in parts if len(part) >= _SHORTEST_PART]
    return _forms(found)


def _forms(found: Iterable[str]) -> set[str]:
    forms = {*found, *map(unquote, found)}
    forms |= {quote(secret, safe="") for secret in forms}
    # As a message shows it that quotes with `!r`.
    return {*forms, *(repr(secret)[1:-1] for secret in forms)} - {""}


def _without_value(match: re.Match[str]) -> str:
    return f"{match[1]}{HIDDEN}" if looks_secret(match[1]) else match[0]


def _without_login(match: re.Match[str]) -> str:
    """As `_without_password`, but that an `@` of a path or a query is none of a login."""
    user, _, password = match[2].partition(":")
    if not {"/", "?", "#"}.isdisjoint(user) or _PORT.match(password):
        return match[0]
    return _without_password(match)


def _without_password(match: re.Match[str]) -> str:
    scheme, user_info = match[1], match[2]
    user, colon, _ = user_info.partition(":")
    if colon:
        return f"{scheme}{user}:{HIDDEN}@"
    # A user alone is a token to a web server, and a name to a database.
    hidden = HIDDEN if "http" in scheme.lower() else user_info
    return f"{scheme}{hidden}@"
