"""Addresses whose passwords are nasty, to test that nothing shows them."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from dotflow.errors import DotflowError

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

SECRET = "hush"  # noqa: S105 - it is no secret
"""A part of each password; between two of them are characters that parsers cut at."""

_NASTY = "/?#@:&=%[]+ \\'\"é\t$!,;"


def nasty_addresses(
    scheme: str, count: int, place: str = "127.0.0.1:1/0", *, seed: int = 1
) -> Iterator[str]:
    """Give addresses with a password: escaped, not escaped, or in the query.

    Args:
        scheme: What they begin with, without `://`.
        count: How many.
        place: The host, the port and the path.
        seed: Other addresses for another one.
    """
    chance = random.Random(seed)
    for number in range(count):
        nasty = "".join(chance.choices(_NASTY, k=chance.randint(0, 3)))
        password = f"{SECRET}{nasty}{SECRET}"
        if chance.random() < 0.3:
            password = f"{chance.choice(_NASTY)}{password}{chance.choice(_NASTY)}"
        user = chance.choice(["", "ada", "a%20b", "ada@shop"])
        form = number % 4
        if form == 0:
            yield f"{scheme}://{user}:{quote(password, safe='')}@{place}"
        elif form == 1:
            name = chance.choice(["password", "Password", "sslpassword", "auth_token"])
            yield f"{scheme}://{place}?{name}={quote(password, safe='')}&timeout=1"
        else:
            yield f"{scheme}://{user}:{password}@{place}"


def check_addresses(make: Callable[[str], Storage], scheme: str) -> None:
    """Check a thousand addresses: no repr and no error holds a part of a password.

    Args:
        make: Makes the storage at an address where nobody answers.
        scheme: What its addresses begin with, without `://`.
    """
    for address in nasty_addresses(scheme, 1000):
        shown = []
        try:
            storage = make(address)
            shown.append(repr(storage))
            storage.get("key")
        except DotflowError as error:
            error.__traceback__ = None  # its lines quote this function
            shown += traceback.format_exception(error)
        assert len(shown) > 0
        # The frames of libraries are not ours to mask; what is said is.
        said = [line for line in "".join(shown).splitlines() if line[:2] != "  "]
        assert SECRET not in "\n".join(said), address
