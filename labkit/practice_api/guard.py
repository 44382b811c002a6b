"""The switchboard answers this machine only, and no web page but its own.

A page of elsewhere, open in the same browser, can send requests to 127.0.0.1: its Origin gives it away. It can have its
own name point there, which is called DNS rebinding: the Host gives it away. curl, n8n and scripts send no Origin.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from labkit.practice_api.pages import is_of_the_lab

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class LocalOnly:
    """Middleware: 403 with the reason, for the lab's own addresses, to a request that comes from elsewhere."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_of_the_lab(scope["path"]):
            reason = refusal(Headers(scope=scope))
            if reason:
                answer = JSONResponse({"error": {"code": "foreign_request", "reason": reason}}, 403)
                return await answer(scope, receive, send)
        return await self.app(scope, receive, send)


def refusal(headers: Headers) -> str | None:
    """Why a request with these headers is refused, or None when it is welcome."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if _hostname(f"//{host}") not in LOOPBACK:
        return f"the switchboard answers on 127.0.0.1 or localhost only, not as {host[:100]!r}"
    if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        return f"the switchboard takes no request from the page of another site ({origin[:100]})"
    return None


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
