"""Who may ask what of the API: the switchboard is this lab's own, and beyond this machine everything asks for a token.

A page of elsewhere, open in the same browser, can send requests to 127.0.0.1: its Origin gives it away. It can have its
own name point there, which is called DNS rebinding: the Host gives it away. curl, n8n and scripts send no Origin.
On a machine that trainees share, at a hub, their programs can all reach 127.0.0.1: whose they are gives them away.
"""

import hmac
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from labkit.base.addresses import hub_prefix, public_origin
from labkit.base.processes import is_ours
from labkit.practice_api.pages import is_of_the_lab

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
COOKIE = "lab-api-token"


class Guard:
    """Middleware: 403 with the reason, for the lab's own addresses, to a request that comes from elsewhere.

    token: what a request from beyond this machine must bring, as a bearer token, once as ?token= or as the cookie this
    leaves; 401 without it, at every address. None where the API answers this machine and its hub alone.
    """

    def __init__(self, app: ASGIApp, token: str | None):
        self.app, self.token = app, token
        self.public = urlsplit(public_origin())
        self.is_shared_machine = bool(hub_prefix())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            answer = await self._refusal(HTTPConnection(scope))
            if answer:
                return await answer(scope, receive, send)
        return await self.app(scope, receive, send)

    async def _refusal(self, asked: HTTPConnection) -> Response | None:
        """What is answered in the application's place; None for a request that is welcome."""
        brings_token = self._brings_token(asked)
        if self.token and self._comes_from_beyond(asked) and not brings_token:
            return self._without_its_token(asked) or _refused(
                401,
                "token_missing",
                "Cette API demande son jeton : ouvrez l'adresse complète, avec ?token=, que dit le terminal du "
                "laboratoire ; un programme envoie l'en-tête Authorization: Bearer.",
            )
        if not is_of_the_lab(asked.scope["path"]):
            return None
        reason = (None if brings_token else self._foreign_host(asked)) or self._foreign_origin(asked)
        if not reason and self.is_shared_machine and not await run_in_threadpool(_is_of_this_person, asked):
            reason = (
                "Cette API est celle d'un autre stagiaire : ouvrez la vôtre, par sa carte dans JupyterLab."
            )
        return _refused(403, "foreign_request", reason) if reason else None

    def _comes_from_beyond(self, asked: HTTPConnection) -> bool:
        """From another machine, or handed on by a proxy of this one to which a browser said the public name."""
        caller = asked.client.host if asked.client else ""
        return caller not in LOOPBACK or _hostname(asked) not in LOOPBACK

    def _brings_token(self, asked: HTTPConnection) -> bool:
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        return any(map(self._is_token, (bearer, asked.cookies.get(COOKIE, ""))))

    def _is_token(self, given: str) -> bool:
        return bool(self.token) and hmac.compare_digest(given.encode(), str(self.token).encode())

    def _without_its_token(self, asked: HTTPConnection) -> Response | None:
        """Where the address bears the token: the same address without it, the token kept as a cookie."""
        query = parse_qs(asked.url.query, keep_blank_values=True)
        if not self._is_token(query.pop("token", [""])[0]):
            return None
        rest = urlencode(query, doseq=True)
        answer = RedirectResponse(asked.scope["path"] + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(COOKIE, str(self.token), httponly=True, samesite="lax")
        return answer

    def _foreign_host(self, asked: HTTPConnection) -> str | None:
        host = _hostname(asked)
        if host in LOOPBACK or (host and host == self.public.hostname):
            return None
        own = self.public.geturl() or "http://127.0.0.1"
        return f"Le pupitre est à {own} et sur cette machine, pas à {asked.headers.get('host', '')[:100]!r}."

    def _foreign_origin(self, asked: HTTPConnection) -> str | None:
        host, origin = asked.headers.get("host", ""), asked.headers.get("origin")
        schemes = [self.public.scheme] if _hostname(asked) == self.public.hostname else ["http", "https"]
        if origin is None or origin in [f"{scheme}://{host}" for scheme in schemes]:
            return None
        return f"Le pupitre n'obéit pas à la page d'un autre site ({origin[:100]})."


def _hostname(asked: HTTPConnection) -> str | None:
    try:
        return urlsplit(f"//{asked.headers.get('host', '')}").hostname
    except ValueError:
        return None


def _is_of_this_person(asked: HTTPConnection) -> bool:
    return is_ours(asked.scope["client"], asked.scope["server"])


def _refused(status: int, code: str, reason: str) -> Response:
    return JSONResponse({"error": {"code": code, "reason": reason}}, status)
