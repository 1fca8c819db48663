"""Tokens, what was done, and how the server is."""

import shutil
from typing import Annotated

from fastapi import APIRouter, Query

from dotflow.__about__ import __version__
from dotflow_server import administration
from dotflow_server.access import Administrator
from dotflow_server.problems import Refusal
from dotflow_server.served import Parts, Served
from dotflow_server.tokens import TokenRefused, Tokens

router = APIRouter(tags=["admin"])

_LITTLE_SPACE = 1 << 30  # bytes


@router.get("/admin")
def admin(parts: Parts, _who: Administrator) -> administration.Admin:
    """Tell how the server is."""
    store, path = parts.store, parts.store.path
    size = path.stat().st_size if path is not None and path.is_file() else None
    retention = parts.retention
    return administration.Admin(
        store=administration.StoreFacts(
            kind=store.label, size=size, runs=sum(store.counts().values()), events=None
        ),
        retention=None if retention is None else f"{retention:g} days",
        health=_health(parts),
        version=__version__,
    )


def _health(parts: Served) -> list[administration.Check]:
    path = parts.store.path
    checks = [administration.Check(name="store", ok=True, text=parts.store.label)]
    if path is not None:
        free = shutil.disk_usage(path.parent).free
        text = f"{free / 2**30:.1f} GB are free"
        checks.append(
            administration.Check(name="disk", ok=free > _LITTLE_SPACE, text=text)
        )
    return checks


@router.get("/tokens")
def list_tokens(parts: Parts, _who: Administrator) -> administration.TokenList:
    """List all tokens, without their texts."""
    rows = [administration.TokenRow(**token.row()) for token in _tokens(parts).all()]
    return administration.TokenList(tokens=rows)


@router.post("/tokens")
def create_token(
    order: administration.TokenOrder, parts: Parts, who: Administrator
) -> administration.NewToken:
    """Make a token; its text is told this once."""
    tokens = _tokens(parts)
    parts.audit.note(who.name, "create token", order.name)
    try:
        token, text = tokens.create(order.name, order.scopes, order.expires_days)
    except TokenRefused as error:
        raise Refusal(422, "invalid", str(error)) from error
    return administration.NewToken(**token.row(), token=text)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(token_id: str, parts: Parts, who: Administrator) -> None:
    """End a token, and the sessions that were opened with it."""
    tokens = _tokens(parts)
    parts.audit.note(who.name, "revoke token", token_id)
    if not tokens.revoke(token_id):
        raise Refusal(404, "token_not_found", f"There is no token {token_id!r}.")


@router.get("/audit")
def list_audit(
    parts: Parts,
    _who: Administrator,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> administration.AuditList:
    """List what was done from the dashboard, newest first."""
    rows = [administration.AuditRow(**entry) for entry in parts.audit.entries(limit)]
    return administration.AuditList(entries=rows)


def _tokens(parts: Served) -> Tokens:
    if parts.tokens is None:
        raise Refusal(
            404,
            "no_tokens",
            "dotflow ui has no tokens: its one session is that of this machine.",
            "dotflow server has them.",
        )
    return parts.tokens
