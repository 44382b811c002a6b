"""The middleware through which every request passes: counters, faults, and the bearer token."""

import asyncio
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from labkit.practice_api.switchboard import Fault, Switchboard

SWITCHBOARD = "/_lab"
STATUS_FAULTS = {
    "401": "unauthorized",
    "404": "not_found",
    "429": "too_many_requests",
    "500": "internal_error",
    "503": "unavailable",
}


def error(status: int, code: str, reason: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "reason": reason}}, status, headers)


class LabMiddleware(BaseHTTPMiddleware):
    """Counts each request, checks the token on /api, and applies the fault the instructor set."""

    def __init__(self, app, board: Switchboard, token: str | None):
        super().__init__(app)
        self.board, self.token = board, token

    async def dispatch(self, request: Request, call_next) -> Response:
        path = request.url.path
        if path.startswith(SWITCHBOARD):
            return await call_next(request)
        if self.token and path.startswith("/api") and not self._is_authorized(request):
            answer = error(
                401, "unauthorized", "bearer token missing or wrong", {"WWW-Authenticate": "Bearer"}
            )
        else:
            answer = await self._answer(request, call_next)
        self.board.requests[path] += 1
        self.board.statuses[answer.status_code] += 1
        self.board.bytes += len(answer.body)
        return answer

    def _is_authorized(self, request: Request) -> bool:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode())

    async def _answer(self, request: Request, call_next) -> Response:
        fault = self.board.fault_for(request.url.path)
        if fault and fault.kind in STATUS_FAULTS:
            return error(
                int(fault.kind), STATUS_FAULTS[fault.kind], "planted by the lab", _retry_after(fault)
            )
        if fault and fault.kind == "redirect":
            return Response(status_code=302, headers={"Location": fault.location})
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.delay_s)
        streamed = await call_next(request)
        body = b"".join([chunk async for chunk in streamed.body_iterator])
        answer = Response(body, streamed.status_code, dict(streamed.headers))
        return _spoil(answer, fault.kind) if fault and answer.status_code == 200 else answer


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
        announced = answer.headers["content-length"]
        answer.body = answer.body[: len(answer.body) // 2]
        answer.headers["content-length"] = announced
        return answer
    if kind == "invalid_json":
        return Response(answer.body[:-2] + b"}}", media_type="application/json")
    if kind == "html":
        return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", media_type="text/html")
    if kind in ("list", "changed_schema", "empty_page"):
        return Response(
            orjson.dumps(_reshape(orjson.loads(answer.body), kind)), media_type="application/json"
        )
    return answer


def _reshape(body: object, kind: str) -> object:
    rows = body["data"] if isinstance(body, dict) else body
    if kind == "list":
        return rows
    if kind == "changed_schema":
        rows = [row | {"user_id": f"u{row.get('user_id')}", "loyalty_tier": "or"} for row in rows]
    else:
        rows = []
    return body | {"data": rows} if isinstance(body, dict) else rows
