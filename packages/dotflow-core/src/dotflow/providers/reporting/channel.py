"""`Channel`: brings one batch of events to a server, and what it answers back."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dotflow.delivery.endpoint import explain, reason, retry_after
from dotflow.delivery.http import UrllibRequest
from dotflow.delivery.sender import Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMPRESSED_FROM = 1024
_MOST_ANSWER = 65_536
_RETRIED = frozenset({408, 425, 429})
_ABSENT = frozenset({404, 405, 410})
_REFUSED_TOKEN = frozenset({401, 403})
_TOKEN_SECONDS = 30.0
_UNKNOWN, _TOO_LARGE = 409, 413


class NotOffered(Exception):
    """The server takes no events: it is one of dotflow 1.x."""


class RunUnknown(Exception):
    """The server knows nothing of the run: it is to be told from the beginning."""


class TooLarge(Exception):
    """The server takes no batch of that size."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers to a batch that it has written.

    Args:
        next: The number of the first event that is missing there.
        cancel: Why the run is to end; None where nobody asks for that.
    """

    next: int
    cancel: str | None


class Channel:
    """Posts batches, one at a time.

    Args:
        base_url: The address of the API.
        headers: Sent with every request.
        timeout: Seconds that connecting, and the answer, may take.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str], timeout: float
    ) -> None:
        self._base_url = base_url
        self._headers = {"Content-Type": "application/json", **headers}
        self._timeout = timeout
        self._http = UrllibRequest()

    def post(self, run_id: str, batch: dict[str, Any]) -> Answer:
        """Send a batch; once this returns the server has written it down.

        Raises:
            Unreachable: Nothing came of it, and another attempt may do better.
            Refused: There is no use in that.
            RunUnknown: The run is to be told from the beginning.
            TooLarge: The batch is.
            NotOffered: The server takes no events at all.
        """
        body = json.dumps(batch, separators=(",", ":")).encode()
        headers = self._headers
        if len(body) > _COMPRESSED_FROM:
            body = gzip.compress(body, 1)
            headers = {**headers, "Content-Encoding": "gzip"}
        url = f"{self._base_url}/runs/{run_id}/events"
        try:
            status, told, answer = self._http.ask(
                "POST", url, body, headers, self._timeout, _MOST_ANSWER
            )
        except OSError as error:
            raise Unreachable(reason(error)) from error
        if status == 200:
            return _answer(answer)
        if status in _RETRIED or status >= 500:
            raise Unreachable(f"it answered {status}", retry_after(told))
        if status in _ABSENT:
            raise NotOffered
        if status in _REFUSED_TOKEN:  # somebody may mend that
            raise Unreachable(
                f"it answered {status}: {explain(status)}", _TOKEN_SECONDS
            )
        if status == _UNKNOWN:
            raise RunUnknown
        if status == _TOO_LARGE:
            raise TooLarge
        raise Refused(f"it answered {status}: {explain(status)}.", status)

    def abort(self) -> None:
        """End, from another thread, a request that is waiting, and refuse others."""
        self._http.abort()


def _answer(body: bytes) -> Answer:
    try:
        told = json.loads(body)
        first, cancel = told["next"], told["cancel"]
    except (ValueError, TypeError, KeyError):
        raise NotOffered from None  # whatever is there answers everything with 200
    if not isinstance(first, int) or not isinstance(cancel, (str, type(None))):
        raise NotOffered
    return Answer(first, cancel)
