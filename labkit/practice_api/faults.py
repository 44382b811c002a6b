"""The middleware through which every request passes: counters, faults, and the bearer token."""

import asyncio
import hmac
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labkit.practice_api.journal import UNREADABLE
from labkit.practice_api.pages import is_of_the_lab
from labkit.practice_api.switchboard import Fault, Switchboard

STATUS_FAULTS = {
    "401": "unauthorized",
    "404": "not_found",
    "429": "too_many_requests",
    "500": "internal_error",
    "503": "unavailable",
}


def error(status: int, code: str, reason: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "reason": reason}}, status, headers)


class LabMiddleware:
    """Counts each request, checks the token on /api, and applies the fault the instructor set.

    The lab's own pages go through untouched.
    """

    def __init__(self, app: ASGIApp, board: Switchboard, token: str | None):
        self.app, self.board, self.token = app, board, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_of_the_lab(scope["path"]):
            await self.app(scope, receive, send)
            return
        arrived = time.monotonic()
        request = Request(scope, receive)
        fault = None
        if self.token and scope["path"].startswith("/api") and not self._is_authorized(request):
            answer: Response = error(
                401, "unauthorized", "bearer token missing or wrong", {"WWW-Authenticate": "Bearer"}
            )
        else:
            fault = self.board.fault_for(scope["path"])
            answer = await self._answer(request, fault)
        self._write_down(request, arrived, answer, fault)
        await answer(scope, receive, send)

    def _is_authorized(self, request: Request) -> bool:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode())

    async def _answer(self, request: Request, fault: Fault | None) -> Response:
        if fault and fault.kind in STATUS_FAULTS:
            return error(
                int(fault.kind), STATUS_FAULTS[fault.kind], "planted by the lab", _retry_after(fault)
            )
        if fault and fault.kind == "redirect":
            return Response(status_code=302, headers={"Location": fault.location})
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.delay_s)
        answer = await self._collect(request)
        return _spoil(answer, fault.kind) if fault and answer.status_code == 200 else answer

    async def _collect(self, request: Request) -> Response:
        """What the application answers, held back whole: it may have to be spoiled."""
        start: dict = {}
        chunks: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await self.app(request.scope, request.receive, keep)
        answer = Response(b"".join(chunks), start["status"])
        answer.raw_headers = list(start["headers"])
        return answer

    def _write_down(self, request: Request, arrived: float, answer: Response, fault: Fault | None) -> None:
        board, path = self.board, request.scope["path"]
        board.requests[path] += 1
        board.statuses[answer.status_code] += 1
        board.bytes += len(answer.body)
        board.journal.record(
            (request.method, path, request.scope["query_string"].decode("latin-1")),
            arrived,
            answer.status_code,
            len(answer.body),
            rows=_rows(request, fault),
            fault=fault.kind if fault else None,
            retry_after=fault.retry_after if fault and "Retry-After" in answer.headers else None,
        )


def _rows(request: Request, fault: Fault | None) -> int | None:
    """How many rows the client can read in the answer; None when the answer is no listing it can read."""
    if fault and fault.kind in UNREADABLE:
        return None
    if fault and fault.kind == "empty_page":
        return 0
    return getattr(request.state, "rows", None)


def _retry_after(fault: Fault) -> dict[str, str]:
    if fault.retry_after is None:
        return {}
    if fault.retry_after_form == "seconds":
        return {"Retry-After": str(fault.retry_after)}
    instant = datetime.now(UTC) + timedelta(seconds=fault.retry_after)
    return {"Retry-After": format_datetime(instant, usegmt=True)}


def _spoil(answer: Response, kind: str) -> Response:
    """The answer as a broken server would have sent it."""
    if kind == "cut_body":
        answer.body = answer.body[: len(answer.body) // 2]
        return answer
    if kind == "invalid_json":
        return Response(bytes(answer.body[:-2]) + b"}}", media_type="application/json")
    if kind == "html":
        return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", media_type="text/html")
    if kind in ("list", "changed_schema", "empty_page"):
        return Response(
            orjson.dumps(_reshape(orjson.loads(answer.body), kind)), media_type="application/json"
        )
    return answer


def _reshape(body: dict | list, kind: str) -> dict | list:
    rows = body["data"] if isinstance(body, dict) else body
    if kind == "list":
        return rows
    if kind == "changed_schema":
        rows = [row | {"user_id": f"u{row.get('user_id')}", "loyalty_tier": "or"} for row in rows]
    else:
        rows = []
    return body | {"data": rows} if isinstance(body, dict) else rows
