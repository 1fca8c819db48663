"""Sessions of browsers: a secret, a token or a proof for a cookie that no script reads."""

from fastapi import APIRouter, Request, Response

from dotflow_server import administration
from dotflow_server.access import cookie_name, port_of, refuse_other_sites
from dotflow_server.served import Parts

router = APIRouter(prefix="/session", tags=["session"])


@router.get("")
def challenge(request: Request, parts: Parts) -> administration.Challenge:
    """Tell a page what it takes to go on with the next process of `dotflow ui`."""
    return parts.access.challenge(request)


@router.post("")
def open_session(
    order: administration.SessionOrder,
    request: Request,
    response: Response,
    parts: Parts,
) -> administration.Session:
    """Open a session with the secret of `dotflow ui`, or with a token."""
    refuse_other_sites(request)
    cookie, who = parts.access.open(order, port_of(request))
    secure = "; Secure" if request.url.scheme == "https" else ""
    response.headers["set-cookie"] = cookie + secure
    return administration.Session(scopes=sorted(who.scopes))


@router.delete("", status_code=204)
def close_session(request: Request, response: Response) -> None:
    """Forget the session."""
    refuse_other_sites(request)
    response.delete_cookie(
        cookie_name(port_of(request)), httponly=True, samesite="strict"
    )
