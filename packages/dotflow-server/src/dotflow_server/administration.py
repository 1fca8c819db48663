"""Who may do what, what they did, and how the server is, as the API has it."""

from datetime import datetime

from pydantic import BaseModel, Field

from dotflow_server.answer import Answer


class Proof(BaseModel):
    """That a page was signed in to the `dotflow ui` before; see `Resumption`."""

    until: int
    mac: str = Field(max_length=200)


class SessionOrder(BaseModel):
    """What a session is opened with: the secret of `dotflow ui`, a token, or a proof."""

    secret: str | None = Field(None, max_length=200)
    token: str | None = Field(None, max_length=200)
    proof: Proof | None = None


class Session(Answer):
    """What a session may do."""

    scopes: list[str]


class Challenge(Answer):
    """What a page takes to go on with another process of `dotflow ui`.

    `key` and `until` are for a page that is signed in. All are null on a team's server,
    whose sessions outlive its process.
    """

    challenge: str | None
    key: str | None = None
    until: int | None = None


class StoreFacts(Answer):
    """What is stored where."""

    kind: str
    size: int | None
    runs: int
    events: int | None


class Check(Answer):
    """Whether a part works."""

    name: str
    ok: bool
    text: str


class Admin(Answer):
    """How the server is."""

    store: StoreFacts
    retention: str | None
    health: list[Check]
    version: str


class TokenRow(Answer):
    """A token, of which the text is known to nobody any more."""

    id: str
    name: str
    scopes: list[str]
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    revoked: bool


class NewToken(TokenRow):
    """A token with its text, which is told this once."""

    token: str


class TokenList(Answer):
    """All tokens."""

    tokens: list[TokenRow]


class TokenOrder(BaseModel):
    """A token to make."""

    name: str = Field(min_length=1, max_length=100)
    scopes: list[str] = Field(min_length=1, max_length=4)
    expires_days: float | None = Field(None, gt=0, le=3650)


class AuditRow(Answer):
    """Who did what."""

    time: datetime
    who: str
    action: str
    target: str


class AuditList(Answer):
    """What was done, newest first."""

    entries: list[AuditRow]
