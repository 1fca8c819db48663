"""`Access`: who a request comes from, and what they may do."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from dotflow.abc.storage import Storage
from dotflow_server.administration import Challenge, SessionOrder
from dotflow_server.problems import Refusal
from dotflow_server.records import Records
from dotflow_server.resumption import Resumption
from dotflow_server.scopes import granted
from dotflow_server.tokens import Tokens

CSRF_HEADER = "x-dotflow"
SESSION_SECONDS = 30 * 86400
_LOCAL = "local"
_READS = ("GET", "HEAD", "OPTIONS")
_FAILURES, _FAILURE_SECONDS = 20, 60.0


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Args:
        name: What the audit log calls them.
        scopes: What they may do.
        by_cookie: Whether a browser said so by itself, and maybe for another site.
    """

    name: str
    scopes: frozenset[str]
    by_cookie: bool


class Access:
    """Opens sessions, and tells who a request comes from.

    Args:
        secret: The one-time secret of `dotflow ui`; None where there is none.
        tokens: The tokens; None where there are none.
        key: What sessions are signed with.
        free: Whether nobody is asked, on loopback alone.
        resumption: What lets pages of the process before in; None for nothing.
    """

    def __init__(
        self,
        secret: str | None,
        tokens: Tokens | None,
        key: bytes,
        free: bool = False,
        resumption: Resumption | None = None,
    ) -> None:
        self._secret = secret
        self.tokens = tokens
        self._key = key
        self._free = free
        self._resumption = resumption
        self._failed: list[float] = []

    @property
    def _local_scopes(self) -> frozenset[str]:
        return granted(("admin", "ingest") if self._free else ("admin",))

    @property
    def _local(self) -> Principal:
        return Principal(_LOCAL, self._local_scopes, True)

    @property
    def _way_in(self) -> str:
        if self.tokens is None:
            return "Open the address that dotflow ui printed when it was started last."
        return (
            "Give a token, as `Authorization: Bearer` or on the page; whoever runs the"
            " server makes one: dotflow server token create NAME --scope read"
        )

    def open(self, order: SessionOrder, port: int) -> tuple[str, Principal]:
        """Return the cookie of a new session, and whose it is.

        Args:
            order: A secret, a token or a proof.
            port: That of the server: browsers share cookies among ports.

        Raises:
            Refusal: It is not good, or there were too many such of late.
        """
        if order.secret is not None and self._secret is not None:
            given, self_secret = order.secret.encode(), self._secret.encode()
            if hmac.compare_digest(given, self_secret):
                self._secret = None  # it may stand in a history of addresses
                return self._cookie(port, _LOCAL), self._local
        if (
            order.proof is not None
            and self._resumption is not None
            and self._resumption.accepts(order.proof)
        ):
            return self._cookie(port, _LOCAL, order.proof.until), self._local
        if order.token is not None and self.tokens is not None:
            token = self.tokens.check(order.token)
            if token is not None:
                found = Principal(token.name, token.granted, True)
                return self._cookie(port, token.id), found
        self._count_failure()
        raise Refusal(
            401,
            "bad_credentials",
            "This is no valid secret or token: it is misspelt, used, expired or revoked.",
            self._way_in,
        )

    def _count_failure(self) -> None:
        """Note a guess, of which there may be few; what is good is never refused.

        Raises:
            Refusal: There were too many of late.
        """
        since = time.monotonic() - _FAILURE_SECONDS
        self._failed = [moment for moment in self._failed if moment > since]
        if len(self._failed) >= _FAILURES:
            raise Refusal(
                429, "too_many", "Too many wrong secrets or tokens: wait a minute."
            )
        self._failed.append(time.monotonic())

    def identify(self, request: Request) -> Principal:
        """Return who a request comes from.

        Raises:
            Refusal: Nobody that is known.
        """
        text = _given_token(request)
        if text:
            token = self.tokens.check(text) if self.tokens is not None else None
            if token is None:
                self._count_failure()
                raise Refusal(
                    401,
                    "bad_token",
                    "The token is misspelt, expired or revoked.",
                    self._way_in,
                )
            return Principal(token.name, token.granted, False)
        found = self._session(request)
        if found is None and self._free:
            found = Principal("anybody", self._local_scopes, True)
        if found is None:
            raise Refusal(
                401,
                "no_session",
                "Nobody is signed in.",
                self._way_in,
            )
        return found

    def _session(self, request: Request) -> Principal | None:
        told = self._told(request)
        if told is None:
            return None
        if told["who"] == _LOCAL:
            return self._local
        token = self.tokens.get(told["who"]) if self.tokens is not None else None
        if token is None or not token.good:
            return None
        return Principal(token.name, token.granted, True)

    def challenge(self, request: Request) -> Challenge:
        """Return what the page that asks takes to go on with the next process."""
        resumption = self._resumption
        if resumption is None:
            return Challenge(challenge=None)
        told = self._told(request)
        if told is None:
            return Challenge(challenge=resumption.challenge)
        until = told["until"]
        return Challenge(
            challenge=resumption.challenge, key=resumption.key(until), until=until
        )

    def _told(self, request: Request) -> dict[str, Any] | None:
        """Return what the cookie of a request says; None where it is no good."""
        cookie = request.cookies.get(cookie_name(port_of(request)), "")
        payload, _, mac = cookie.partition(".")
        if not hmac.compare_digest(self._mac(payload).encode(), mac.encode()):
            return None
        told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload))
        return told if told["until"] > time.time() else None

    def _cookie(self, port: int, who: str, until: int | None = None) -> str:
        now = time.time()
        until = int(now + SESSION_SECONDS) if until is None else until
        told = {"who": who, "until": until}
        payload = base64.urlsafe_b64encode(json.dumps(told).encode()).decode()
        return (
            f"{cookie_name(port)}={payload}.{self._mac(payload)}; Path=/; HttpOnly;"
            f" SameSite=Strict; Max-Age={until - now:.0f}"
        )

    def _mac(self, payload: str) -> str:
        return hmac.new(self._key, payload.encode(), hashlib.sha256).hexdigest()


def session_key(storage: Storage) -> bytes:
    """Return what the sessions of a server are signed with: they outlive its process."""
    record = Records(storage, "key").first("session", {"key": secrets.token_hex(32)})
    return bytes.fromhex(record["key"])


def cookie_name(port: int) -> str:
    """Return the name of the cookie of the server at a port."""
    return f"dotflow_{port}"


def port_of(request: Request) -> int:
    """Return the port that the browser knows the server by."""
    return request.url.port or (443 if request.url.scheme == "https" else 80)


def _given_token(request: Request) -> str:
    """Return the token in the headers, as this API or that of dotflow 1.x has it."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return text.strip()
    return request.headers.get("x-user-token", "").strip()


def needs(scope: str) -> Any:
    """Return a dependency: whoever asks may do so, and from a page of this server.

    Args:
        scope: One of `SCOPES`.
    """

    def check(request: Request) -> Principal:
        access: Access = request.app.state.access
        found = access.identify(request)
        if request.method not in _READS and found.by_cookie:
            refuse_other_sites(request)
        if scope not in found.scopes:
            raise Refusal(
                403,
                "not_allowed",
                f"This takes the scope {scope!r}, which {found.name!r} does not have.",
            )
        return found

    return Depends(check)


def may(request: Request, scope: str) -> bool:
    """Say whether who a request comes from may, still, do something.

    Args:
        request: The request, whose answer may go on for long.
        scope: One of `SCOPES`.
    """
    access: Access = request.app.state.access
    try:
        return scope in access.identify(request).scopes
    except Refusal:
        return False


def refuse_other_sites(request: Request) -> None:
    """Refuse a change that a page of another site has made a browser ask for.

    Raises:
        Refusal: It is one, or may be.
    """
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if (
        request.headers.get(CSRF_HEADER) != "1"
        or (origin is not None and origin.partition("://")[2] != host)
        or site not in ("same-origin", "none")
    ):
        raise Refusal(
            403,
            "other_site",
            "A change takes the header `X-Dotflow: 1`, and a page of this server.",
        )


Reader = Annotated[Principal, needs("read")]
Operator = Annotated[Principal, needs("operate")]
Administrator = Annotated[Principal, needs("admin")]
Ingester = Annotated[Principal, needs("ingest")]
