"""The practice API: what a business API and JSONPlaceholder answer, offline and deterministic."""

from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from pydantic import AwareDatetime
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from labkit.base.addresses import hub_path
from labkit.practice_api import data, jsonplaceholder, pages, run_pages, switchboard
from labkit.practice_api.faults import LabMiddleware, error
from labkit.practice_api.guard import Guard
from labkit.practice_api.listing import (
    Selection,
    Slice,
    Source,
    slice_after_id,
    slice_by_cursor,
    slice_by_offset,
)
from labkit.practice_api.stream import Stream
from labkit.practice_api.switchboard import Switchboard

Day = Annotated[date | None, Query(description="AAAA-MM-JJ")]
FAMILIES = ("page", "offset", "cursor", "after_id")
LISTING_PARAMETERS = {*FAMILIES, "limit", "date", "start_date", "end_date", "updated_since"}


class BehindAHub:
    """FastAPI's own documentation finds its files, and the API that it tries out, under the trainee's prefix."""

    def __init__(self, app: ASGIApp, prefix: str):
        self.app, self.prefix = app, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") in ("/docs", "/redoc", "/openapi.json"):
            scope["root_path"] = self.prefix
        await self.app(scope, receive, send)


class InvalidParameter(Exception):
    """A parameter refused: answered as 422 with the field and the reason."""

    def __init__(self, field: str, reason: str):
        self.field, self.reason = field, reason


def create_app(
    seed: int = 2024,
    now: datetime = switchboard.START,
    token: str | None = None,
    visitors_token: str | None = None,
) -> FastAPI:
    """The API. `now` is its clock at the start; with `token`, /api asks for it as a bearer token.

    visitors_token: what a request from beyond this machine must bring.
    """
    app = FastAPIOffline(
        title="API d'entraînement",
        description="Des données d'exercice, toujours les mêmes. `/_lab` est le pupitre du formateur.",
        version="1.0",
    )
    board = Switchboard(seed, now)
    app.state.board, app.state.stream = board, Stream(board)
    app.add_middleware(LabMiddleware, board=board, token=token)
    app.add_middleware(Guard, token=visitors_token)
    app.add_middleware(BehindAHub, prefix=hub_path("api"))
    app.include_router(pages.routes())
    app.include_router(run_pages.routes())
    app.include_router(switchboard.routes(board))
    _add_stream(app, app.state.stream)
    for resource in ("events", "transactions"):
        _add_listing(app, board, resource)
    for name, rows in jsonplaceholder.database().items():
        _add_collection(app, name, rows)
    _add_error_answers(app)
    return app


def _add_stream(app: FastAPI, stream: Stream) -> None:
    @app.get("/_lab/stream", tags=["pupitre du formateur"], summary="Ce qui se passe, en direct (SSE)")
    async def events() -> StreamingResponse:
        return StreamingResponse(
            stream.events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )


def _add_listing(app: FastAPI, board: Switchboard, resource: str) -> None:
    @app.get(f"/api/{resource}", tags=["API métier"], summary=f"Lister : {resource}", name=resource)
    def listing(
        request: Request,
        date: Day = None,
        start_date: Day = None,
        end_date: Day = None,
        updated_since: AwareDatetime | None = None,
        page: Annotated[int | None, Query(ge=1)] = None,
        offset: Annotated[int | None, Query(ge=0)] = None,
        cursor: str | None = None,
        after_id: Annotated[int | None, Query(ge=0)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        _refuse_unknown(request)
        selection = _selection(resource, board, date, start_date, end_date, updated_since)
        source = board.source()
        family = _family(request)
        if family == "after_id":
            part = slice_after_id(source, selection, after_id or 0, limit)
        elif family in ("page", "offset"):
            start = offset if family == "offset" else ((page or 1) - 1) * limit
            part = slice_by_offset(source, selection, start or 0, limit)
        else:
            part = _by_cursor(source, selection, cursor, limit)
        board.listing_served(resource)
        request.state.rows = len(part.rows)
        return _envelope(part, source)

    @app.get(f"/api/{resource}/{{row_id}}", tags=["API métier"], summary=f"Une ligne : {resource}")
    def one(row_id: int) -> Response:
        source = board.source()
        everything = Selection(resource, data.FIRST_DAY, board.now.date())
        row = next(source.by_id(everything, row_id - 1), None)
        if row is None or row.id != row_id:
            raise HTTPException(404)
        return Response(data.encode([row], source.now)[1:-1], media_type="application/json")


def _by_cursor(source: Source, selection: Selection, cursor: str | None, limit: int) -> Slice:
    try:
        return slice_by_cursor(source, selection, cursor, limit)
    except ValueError as problem:
        raise InvalidParameter("cursor", str(problem)) from None


def _refuse_unknown(request: Request) -> None:
    unknown = sorted(request.query_params.keys() - LISTING_PARAMETERS)
    if unknown:
        raise InvalidParameter(
            unknown[0], f"unknown parameter; known: {', '.join(sorted(LISTING_PARAMETERS))}"
        )


def _family(request: Request) -> str:
    given = [name for name in FAMILIES if name in request.query_params]
    if len(given) > 1:
        raise InvalidParameter(given[1], f"cannot be combined with {given[0]}: choose one pagination")
    return given[0] if given else "cursor"


def _selection(resource, board, day, start, end, since) -> Selection:
    if day and (start or end):
        raise InvalidParameter("date", "cannot be combined with start_date or end_date")
    first, last = day or start or data.FIRST_DAY, day or end or board.now.date()
    if first > last:
        raise InvalidParameter("start_date", f"{first} is after end_date {last}")
    return Selection(resource, first, last, since.astimezone(UTC) if since else None)


def _envelope(part: Slice, source: Source) -> Response:
    cursor = b'"%b"' % part.next_cursor.encode() if part.next_cursor else b"null"
    has_more = b"true" if part.has_more else b"false"
    rows = data.encode(part.rows, source.now)
    body = b'{"data":%b,"next_cursor":%b,"has_more":%b}' % (rows, cursor, has_more)
    return Response(body, media_type="application/json")


def _add_collection(app: FastAPI, name: str, rows: list[dict]) -> None:
    tags: list[str | Enum] = ["JSONPlaceholder"]

    def answer(request: Request, selected: list[dict]) -> JSONResponse:
        found = jsonplaceholder.listing(selected, request.url.query, str(request.url))
        request.state.rows = len(found.rows)
        return JSONResponse(found.rows, headers=found.headers)

    @app.get(f"/{name}", tags=tags, summary=f"Lister : {name}", name=name)
    def collection(request: Request) -> JSONResponse:
        return answer(request, rows)

    @app.get(f"/{name}/{{row_id}}", tags=tags, summary=f"Un élément : {name}")
    def element(row_id: str) -> JSONResponse:
        row = next((row for row in rows if str(row["id"]) == row_id), None)
        return JSONResponse(row if row else {}, 200 if row else 404)

    parent = {"posts": ("comments", "postId"), "users": ("posts", "userId")}.get(name)
    if parent:
        child, key = parent
        children = jsonplaceholder.database()[child]

        @app.get(f"/{name}/{{row_id}}/{child}", tags=tags, summary=f"Éléments liés : {name} → {child}")
        def related(request: Request, row_id: str) -> JSONResponse:
            return answer(request, [row for row in children if str(row[key]) == row_id])


def _add_error_answers(app: FastAPI) -> None:
    @app.exception_handler(InvalidParameter)
    async def invalid(_: Request, problem: InvalidParameter) -> JSONResponse:
        return _unprocessable([(problem.field, problem.reason)])

    @app.exception_handler(RequestValidationError)
    async def refused(_: Request, problem: RequestValidationError) -> JSONResponse:
        return _unprocessable([(str(item["loc"][-1]), item["msg"]) for item in problem.errors()])

    @app.exception_handler(HTTPException)
    async def failed(_: Request, problem: HTTPException) -> JSONResponse:
        codes = {404: "not_found", 405: "method_not_allowed", 422: "invalid_parameter"}
        return error(problem.status_code, codes.get(problem.status_code, "http_error"), problem.detail)


def _unprocessable(problems: list[tuple[str, str]]) -> JSONResponse:
    errors = [{"field": field, "reason": reason} for field, reason in problems]
    return JSONResponse({"error": {"code": "invalid_parameter", **errors[0]}, "errors": errors}, 422)
