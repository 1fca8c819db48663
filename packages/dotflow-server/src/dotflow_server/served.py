"""`Served`: the parts of one running server, for its routes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from dotflow_server.access import Access
from dotflow_server.audit import Audit
from dotflow_server.devices import Devices
from dotflow_server.former import FormerRuns
from dotflow_server.hub import Hub
from dotflow_server.ingesting import Ingesting
from dotflow_server.metrics import Metrics
from dotflow_server.store import Store
from dotflow_server.tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a server is made of.

    Args:
        mode: `"ui"` on somebody's own store, or `"server"` of a team.
        store: Where the runs are.
        access: Who may do what.
        audit: What was done.
        tokens: Those of a team's server; None for `dotflow ui`.
        hub: What tells open pages of changes.
        ingesting: What takes runs of other machines; None for `dotflow ui`.
        former: What takes those of 1.x clients.
        devices: The terminals that wait to be let in.
        metrics: What is counted.
        retention: After how many days runs are forgotten; None for never.
        address: How other processes name the store; None where they cannot.
    """

    mode: str
    store: Store
    access: Access
    audit: Audit
    tokens: Tokens | None
    hub: Hub
    ingesting: Ingesting | None
    former: FormerRuns | None
    devices: Devices | None
    metrics: Metrics
    retention: float | None
    address: str | None


def served(request: Request) -> Served:
    """Return the server that a request came to."""
    found: Served = request.app.state.served
    return found


Parts = Annotated[Served, Depends(served)]
