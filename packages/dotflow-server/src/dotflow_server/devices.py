"""`Devices`: terminals that wait to be let in, by a code that is confirmed in a browser."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from dotflow_server.problems import Refusal
from dotflow_server.records import Records

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage
    from dotflow_server.tokens import Tokens

    # By place: until when one waits, and its code.
    Waiting = dict[str, list[tuple[float, str]]]

SECONDS = 300.0
INTERVAL = 2.0
# How many wait at most, of one address and in all; of an IPv6 address counts the network,
# of which one machine has all.
_EACH, _ALL = 10, 200
_NETWORK_BITS = 64
# Without letters and digits that look alike.
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"


@dataclass(frozen=True)
class Device:
    """A terminal that waits.

    Args:
        device_code: What it asks with; a secret.
        user_code: What its user types in the browser.
    """

    device_code: str
    user_code: str


class Devices:
    """The terminals that wait, for a few minutes each.

    Args:
        storage: Where they are kept.
        tokens: Where their tokens are made.
    """

    def __init__(self, storage: Storage, tokens: Tokens) -> None:
        self._records = Records(storage, "device")
        self._tokens = tokens

    def begin(self, address: str) -> Device:
        """Let a terminal wait.

        Where too many do, one that has waited longest goes, of those from the place that
        has the most: a stranger who asks again and again pushes out himself. One that was
        let in already stays.

        Args:
            address: Where it asks from.
        """
        now, place = time.time(), _place(address)
        waiting: Waiting = {}
        for name in self._records.names():
            record = self._records.get(name)
            if record is None or record["until"] < now:
                self._records.delete(name)
            elif record["by"] is None:
                alike = waiting.setdefault(record.get("place", ""), [])
                alike.append((record["until"], name))
        crowd = _crowd(waiting, place)
        if crowd:
            self._records.delete(min(crowd)[1])
        code = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        device_code = secrets.token_urlsafe(32)
        digest = _digest(device_code)
        record = {"until": now + SECONDS, "digest": digest, "by": None, "place": place}
        self._records.put(code, record)
        return Device(f"{code}.{device_code}", f"{code[:4]}-{code[4:]}")

    def approve(self, user_code: str, who: str) -> bool:
        """Let a terminal in, and say whether one waits with that code."""
        code = _plain(user_code)
        record = self._records.get(code) if code else None
        if record is None or record["until"] < time.time():
            return False

        def change(record: dict[str, Any]) -> None:
            record["by"] = who

        return self._records.change(code, change)

    def take(self, device_code: str) -> str | None:
        """Return the token of a terminal that was let in; None while it waits.

        Raises:
            Refusal: Its time is over, or it never was.
        """
        code, _, secret = device_code.partition(".")
        code = _plain(code)
        record = self._records.get(code) if code else None
        if (
            record is None
            or record["until"] < time.time()
            or not secrets.compare_digest(record["digest"], _digest(secret))
        ):
            raise Refusal(410, "expired_token", "The code has expired: sign in again.")
        if record["by"] is None:
            return None
        if not self._records.delete(code):  # another request has just taken it
            raise Refusal(410, "expired_token", "The code was used.")
        _, text = self._tokens.create(f"login by {record['by']}", ["ingest"])
        return text


def _crowd(waiting: Waiting, place: str) -> list[tuple[float, str]]:
    """Return those of whom one has to go for one more; none where there is room."""
    alike = waiting.get(place, [])
    if len(alike) >= _EACH:
        return alike
    full = sum(map(len, waiting.values())) >= _ALL
    return max(waiting.values(), key=len) if full else []


def _place(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(ip_network((found, _NETWORK_BITS), strict=False))
    return str(found)


def _plain(code: str) -> str:
    found = code.replace("-", "").upper()
    return found if len(found) == 8 and set(found) <= set(_ALPHABET) else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
