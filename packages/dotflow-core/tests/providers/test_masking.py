"""No text shows a password of an address, however it is written."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from dotflow.base.masking import HIDDEN, cause_of, is_ambiguous, mask, raw_password
from dotflow.errors import DotflowError
from dotflow.providers import ServerDefault
from dotflow.providers.storage_url import storage_from_url
from dotflow.testing.passwords import SECRET, nasty_addresses


def test_a_thousand_addresses() -> None:
    """What quotes an address, or a part that a parser has cut, is shown without it."""
    for address in nasty_addresses("postgresql", 1000):
        texts = [address, repr(address), f"cannot reach {address}, try again"]
        for piece in (address.partition("@")[2], address.partition("?")[2]):
            texts += [f"no host {piece!r}", unquote(piece)]
        for text in texts:
            assert SECRET not in mask(text, address), (text, address)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at redis://ada:x@h:1/0: no", f"at redis://ada:{HIDDEN}@h:1/0: no"),
        ("redis://:x@h", f"redis://:{HIDDEN}@h"),
        ("postgresql://a:b/c@d@h/x", f"postgresql://a:{HIDDEN}@h/x"),
        ("https://token@h/1", f"https://{HIDDEN}@h/1"),
        ("postgresql://ada@h/x", "postgresql://ada@h/x"),
        ("host=h password='a b' dbname=x", f"host=h password={HIDDEN} dbname=x"),
        ("h?user=a&PASSWORD=b&c=d", f"h?user=a&PASSWORD={HIDDEN}&c=d"),
        ("?api_key=b", f"?api_key={HIDDEN}"),
        ("http://h:80/v1 and a@b", "http://h:80/v1 and a@b"),
        ("name=x keys=3", "name=x keys=3"),
        ("no password given", "no password given"),
    ],
)
def test_what_is_left(text: str, shown: str) -> None:
    """The rest of a text stays as it is."""
    assert mask(text) == shown


def test_where_a_password_ends() -> None:
    """A parser that has not taken the whole password is found out."""
    assert raw_password("redis://a:b/c@d@h/0") == "b/c@d"
    assert raw_password("redis://a@h/0") is None
    assert raw_password("redis://h:1/0") is None
    for address, ambiguous in (
        ("redis://a:b%2Fc@h/0", False),
        ("redis://a:b/c@h/0", True),
        ("redis://a:b?c@h/0", True),
        ("redis://h/0", False),
    ):
        found = unquote(urlsplit(address).password or "")
        assert is_ambiguous(address, found) is ambiguous


def test_causes() -> None:
    """An error that quotes a password, or is caused by one that does, is not chained."""
    fine = ValueError("no")
    assert cause_of(fine, "redis://a:hush@h") is fine
    assert cause_of(ValueError("near 'hush'"), "redis://a:hush@h") is None
    outer = ValueError("no")
    outer.__cause__ = ValueError("redis://a:hush@h is down")
    assert cause_of(outer) is None


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_server(scheme: str, caplog: Any, monkeypatch: Any) -> None:
    """The address of a server with a password is refused, from wherever, and not shown."""
    shown = []
    for address in nasty_addresses(scheme, 200):
        try:
            shown.append(repr(ServerDefault(address, "token")))
        except DotflowError as error:
            shown.append(f"{error} {error.__cause__}")
        if "\0" not in address:
            monkeypatch.setenv("SERVER_BASE_URL", address)
            monkeypatch.setenv("SERVER_USER_TOKEN", "token")
            shown.append(repr(ServerDefault()))
    assert SECRET not in "\n".join(shown) + caplog.text


@pytest.mark.parametrize(
    "scheme", ["s3", "gs", "postgresql", "redis", "sqlite", "file", "default", "nosuch"]
)
def test_the_address_of_a_storage(scheme: str) -> None:
    """What an address leads to, or why to nothing, is said without its password."""
    for address in nasty_addresses(scheme, 100):
        try:
            shown = repr(storage_from_url(address))
        except (DotflowError, ValueError) as error:
            shown = f"{error} {error.__cause__}"
        if scheme not in ("sqlite", "file"):  # where all of it is a path
            assert SECRET not in shown, (shown, address)
